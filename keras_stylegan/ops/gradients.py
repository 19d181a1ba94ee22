"""Gradients, replicas and compiled steps: the one file that knows which backend runs.

TensorFlow uses tapes, JAX differentiates a function made pure by a stateless scope, torch uses autograd. Everything
above this file is written once.
"""

import contextlib
import functools

import keras
from keras import ops

BACKEND = keras.backend.backend()
if BACKEND == "tensorflow":
    import tensorflow as framework
elif BACKEND == "jax":
    import jax as framework
elif BACKEND == "torch":
    import torch as framework
else:
    raise ImportError(f"Training needs the Keras backend tensorflow, jax or torch. Received: {BACKEND}")


class _Scope(keras.StatelessScope):
    """A stateless scope that starts from the enclosing one and remembers which variables were assigned in it.

    Keras looks a variable up in the innermost scope only, so a nested scope has to carry all of the outer mapping.
    """

    def __init__(self, state_mapping=None):
        super().__init__(state_mapping, initialize_variables=False)
        self.assigned = {}

    def __enter__(self):
        super().__enter__()
        if self.original_scope is not None:
            self.state_mapping = {**self.original_scope.state_mapping, **self.state_mapping}
        return self

    def add_update(self, update):
        self.assigned[id(update[0])] = update[0]
        super().add_update(update)


def discard_updates():
    """Context in which assignments to variables are seen by later reads and forgotten at the end.

    For evaluations that may not leave a trace in a network's buffers, and for the branches of `keras.ops.cond`, where
    JAX allows no side effect.

    Returns:
        A context manager.
    """
    return _Scope()


def pause_recording():
    """Context in which no operation is recorded for differentiation (only torch records outside of a tape).

    Returns:
        A context manager.
    """
    return framework.no_grad() if BACKEND == "torch" else contextlib.nullcontext()


def _without_side_effects(function):
    """Makes `function` pure for a JAX transformation.

    Returns:
        `(pure, commit)`: `pure(mapping, *arguments)` returns `(result, updates)`; `commit(updates)` assigns what the
        function assigned, in the enclosing scope.
    """
    assigned = []

    def pure(mapping, *arguments):
        with _Scope(mapping) as scope:
            result = function(*arguments)
        assigned[:] = scope.assigned.values()
        return result, [scope.get_current_value(variable) for variable in assigned]

    def commit(updates):
        for variable, value in zip(assigned, updates, strict=True):
            variable.assign(value)

    return pure, commit


def value_and_gradients(function, variables):
    """Evaluates a function and differentiates its first result with respect to variables.

    Args:
        function: callable without arguments that returns `(loss, extra)`: a scalar tensor and any nest of tensors.
        variables: list of `keras.Variable`.

    Returns:
        `(loss, extra, gradients)`; a variable on which the loss does not depend has a gradient of zeros. What the
        function assigns to variables (moving statistics, seeds) takes effect.
    """
    if BACKEND == "jax":
        pure, commit = _without_side_effects(function)

        def differentiable(values):
            (loss, extra), updates = pure(zip(variables, values, strict=True))
            return loss, (extra, updates)

        values = [variable.value for variable in variables]
        (loss, (extra, updates)), gradients = framework.value_and_grad(differentiable, has_aux=True)(values)
        commit(updates)
        return loss, extra, gradients
    values = [variable.value for variable in variables]
    if BACKEND == "tensorflow":
        with framework.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            loss, extra = function()
        gradients = tape.gradient(loss, values)
    else:
        with framework.enable_grad():
            loss, extra = function()
        # A loss that depends on no variable carries no graph.
        connected = loss.requires_grad
        gradients = framework.autograd.grad(loss, values, allow_unused=True) if connected else [None] * len(values)
    return loss, extra, [_dense(gradient, variable) for gradient, variable in zip(gradients, variables, strict=True)]


def _dense(gradient, variable):
    """Zeros for None, and a tensor for TensorFlow's sparse slices (the gradient of a bank read by index)."""
    if gradient is None:
        return ops.zeros(variable.shape, variable.dtype)
    return framework.convert_to_tensor(gradient) if BACKEND == "tensorflow" else gradient


def input_gradient(function, inputs):
    """Differentiates per-image outputs with respect to inputs, differentiably: for use inside a loss.

    Args:
        function: callable on a tensor shaped like `inputs` that returns one or more values per image, such as a
            discriminator's logits; image `i` of the result may depend on image `i` of the inputs only.
        inputs: tensor of shape `(batch, ...)`.

    Returns:
        `(outputs, gradients)`: the function's result, and the gradient of the sum of each image's values with respect
        to that image, shaped like `inputs`.
    """
    inputs = ops.convert_to_tensor(inputs)
    if BACKEND == "jax":
        pure, commit = _without_side_effects(function)

        def differentiable(values):
            outputs, updates = pure((), values)
            return ops.sum(outputs), (outputs, updates)

        gradients, (outputs, updates) = framework.grad(differentiable, has_aux=True)(inputs)
        commit(updates)
        return outputs, gradients
    if BACKEND == "tensorflow":
        with framework.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(inputs)
            outputs = function(inputs)
            total = ops.sum(outputs)
        return outputs, tape.gradient(total, inputs, unconnected_gradients="zero")
    with framework.enable_grad():
        inputs = inputs if inputs.requires_grad else inputs.detach().requires_grad_()
        outputs = function(inputs)
        gradients = framework.autograd.grad(ops.sum(outputs), inputs, create_graph=True, materialize_grads=True)[0]
    return outputs, gradients


def with_gradients(values, gradients, inputs):
    """Values whose gradient with respect to `inputs` is one that was computed already (`input_gradient`).

    Args:
        values: tensor of shape `(batch,)`.
        gradients: tensor shaped like `inputs`, of values `i` with respect to image `i`.
        inputs: tensor of shape `(batch, ...)`, to which the gradient is handed on.

    Returns:
        Tensor equal to `values`.
    """
    steps = ops.stop_gradient(gradients) * (inputs - ops.stop_gradient(inputs))
    return ops.stop_gradient(values) + ops.sum(steps, axis=tuple(range(1, len(inputs.shape))))


def _replica_context():
    """TensorFlow's replica context where several replicas run, otherwise None."""
    if BACKEND != "tensorflow":
        return None
    context = framework.distribute.get_replica_context()
    return context if context is not None and context.num_replicas_in_sync > 1 else None


def num_replicas():
    """Number of replicas that run the current step in parallel, 1 outside of a distribution strategy."""
    context = _replica_context()
    return 1 if context is None else context.num_replicas_in_sync


def replica_index():
    """Index of the current replica, an integer or a scalar integer tensor, 0 outside of a distribution strategy."""
    context = _replica_context()
    return 0 if context is None else context.replica_id_in_sync_group


def sum_over_replicas(tensors):
    """Adds up the replicas' values of each tensor; differentiable. Not allowed inside `keras.ops.cond`.

    Args:
        tensors: a tensor or a list of tensors.

    Returns:
        The sums, structured like `tensors`, equal on every replica.
    """
    context = _replica_context()
    return tensors if context is None else context.all_reduce(framework.distribute.ReduceOp.SUM, tensors)


def gather_over_replicas(tensor):
    """Joins the replicas' tensors along the leading axis, in the order of the global batch.

    Args:
        tensor: tensor with the leading axis `batch`.

    Returns:
        `(joined, first)`: the joined tensor, equal on every replica, and where this replica's part of it begins.
    """
    context = _replica_context()
    if context is None:
        return tensor, 0
    sizes = context.all_gather(ops.reshape(ops.shape(tensor)[0], (1,)), axis=0)
    earlier = ops.arange(ops.shape(sizes)[0]) < replica_index()
    return context.all_gather(tensor, axis=0), ops.sum(ops.where(earlier, sizes, 0))


def average_over_replicas(variables):
    """Assigns to each variable the mean of the replicas' values.

    Keras lets every replica keep its own moving statistics, of which a checkpoint would hold one.

    Args:
        variables: list of `keras.Variable`.
    """
    replicas = num_replicas()
    if replicas > 1 and variables:
        totals = sum_over_replicas([ops.copy(variable.value) for variable in variables])
        for variable, total in zip(variables, totals, strict=True):
            variable.assign(total / replicas)


def compile_step(function, variables, jit_compile=False):
    """Compiles a function that reads and assigns variables.

    Args:
        function: callable from a nest of tensors to a nest of tensors.
        variables: list of every `keras.Variable` that the function reads or assigns; on JAX a variable left out would
            be frozen at its present value.
        jit_compile: bool, whether TensorFlow compiles with XLA. JAX always does; torch runs eagerly.

    Returns:
        Callable with the signature of `function`.
    """
    if BACKEND == "tensorflow":
        return framework.function(function, autograph=False, jit_compile=jit_compile, reduce_retracing=True)
    if BACKEND == "torch":
        return function

    @framework.jit
    def pure(values, argument):
        with _Scope(zip(variables, values, strict=True)) as scope:
            result = function(argument)
        stray = [variable.path for key, variable in scope.assigned.items() if key not in known]
        if stray:
            raise ValueError(f"`variables` must list every variable that the step assigns. Received: without {stray}")
        return result, [scope.get_current_value(variable) for variable in variables]

    known = {id(variable) for variable in variables}

    def step(argument):
        result, values = pure([variable.value for variable in variables], argument)
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return result

    return step


@functools.cache
def grouped_convolution_differentiates(dtype="float32"):
    """Whether the gradient of a grouped convolution runs here; TensorFlow on CPU needs oneDNN and half or float32.

    Args:
        dtype: string.

    Returns:
        bool, found out by trying once.
    """
    if BACKEND != "tensorflow":
        return True
    with framework.init_scope():
        values, kernel = framework.ones((1, 3, 3, 4), dtype), framework.ones((3, 3, 2, 4), dtype)
        try:
            with framework.GradientTape() as tape:
                tape.watch([values, kernel])
                outputs = framework.nn.conv2d(values, kernel, 1, "SAME")
            tape.gradient(outputs, [values, kernel])
        except framework.errors.OpError:
            return False
    return True

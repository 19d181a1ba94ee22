/* Stylises picture files through TensorFlow's C API, the loader under TensorFlow Serving; knows nothing of Python.
 *
 *     c_api_client SAVED_MODEL STYLES IMAGE_OP WEIGHTS_OP STRENGTH_OP OUTPUT_OP OUTPUT_INDEX OUT FILE...
 *
 * Every FILE is one request to the signature whose operations are named: a line "ok BYTES" or "error CODE MESSAGE" each,
 * in one process; "--flat" before a file sends its style weights without their batch axis. OUT gets the last answer.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tensorflow/c/c_api.h>

static TF_Tensor *floats(const int64_t *dims, int rank, int count, float first) {
  TF_Tensor *tensor = TF_AllocateTensor(TF_FLOAT, dims, rank, count * sizeof(float));
  float *data = TF_TensorData(tensor);
  for (int i = 0; i < count; i++) data[i] = i ? 0.0f : first;
  return tensor;
}

static TF_Tensor *file_content(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) { perror(path); exit(2); }
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  char *bytes = malloc(size + 1);
  if (fread(bytes, 1, size, file) != (size_t)size) exit(2);
  fclose(file);
  const int64_t one = 1;
  TF_Tensor *tensor = TF_AllocateTensor(TF_STRING, &one, 1, sizeof(TF_TString));
  TF_TString *string = TF_TensorData(tensor);
  TF_StringInit(string);
  TF_StringCopy(string, bytes, size);
  free(bytes);
  return tensor;
}

int main(int argc, char **argv) {
  if (argc < 10) { fprintf(stderr, "too few arguments\n"); return 2; }
  const int num_styles = atoi(argv[2]);
  TF_Status *status = TF_NewStatus();
  TF_Graph *graph = TF_NewGraph();
  TF_SessionOptions *options = TF_NewSessionOptions();
  const char *tags[] = {"serve"};
  TF_Session *session = TF_LoadSessionFromSavedModel(options, NULL, argv[1], tags, 1, graph, NULL, status);
  if (TF_GetCode(status) != TF_OK) { fprintf(stderr, "%s\n", TF_Message(status)); return 1; }
  TF_Output inputs[3], output = {TF_GraphOperationByName(graph, argv[6]), atoi(argv[7])};
  for (int i = 0; i < 3; i++) inputs[i] = (TF_Output){TF_GraphOperationByName(graph, argv[3 + i]), 0};
  int flat = 0;
  for (int i = 9; i < argc; i++) {
    if (!strcmp(argv[i], "--flat")) { flat = 1; continue; }
    const int64_t row[] = {1, num_styles};
    const int64_t one = 1;
    TF_Tensor *values[] = {
        file_content(argv[i]),
        flat ? floats(row + 1, 1, num_styles, 1.0f) : floats(row, 2, num_styles, 1.0f),
        floats(&one, 1, 1, 1.0f),
    };
    TF_Tensor *answer = NULL;
    TF_SessionRun(session, NULL, inputs, values, 3, &output, &answer, 1, NULL, 0, NULL, status);
    if (TF_GetCode(status) == TF_OK) {
      TF_TString *string = TF_TensorData(answer);
      FILE *file = fopen(argv[8], "wb");
      fwrite(TF_StringGetDataPointer(string), 1, TF_StringGetSize(string), file);
      fclose(file);
      printf("ok %zu\n", TF_StringGetSize(string));
      TF_DeleteTensor(answer);
    } else {
      char *message = strdup(TF_Message(status));
      for (char *c = message; *c; c++) if (*c == '\n') *c = ' ';
      printf("error %d %s\n", TF_GetCode(status), message);
      free(message);
    }
    fflush(stdout);
    for (int k = 0; k < 3; k++) TF_DeleteTensor(values[k]);
    flat = 0;
  }
  TF_CloseSession(session, status);
  TF_DeleteSession(session, status);
  TF_DeleteSessionOptions(options);
  TF_DeleteGraph(graph);
  TF_DeleteStatus(status);
  return 0;
}

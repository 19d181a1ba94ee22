// One screen: choose a photograph, see it painted. Not compiled where this project is tested; see README.md.
package org.keras_stylegan.sample

import android.graphics.Bitmap
import android.graphics.ImageDecoder
import android.net.Uri
import android.os.Bundle
import androidx.activity.ComponentActivity
import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.compose.setContent
import androidx.activity.result.PickVisualMediaRequest
import androidx.activity.result.contract.ActivityResultContracts.PickVisualMedia
import androidx.compose.foundation.Image
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.Button
import androidx.compose.material3.Slider
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableFloatStateOf
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.asImageBitmap
import androidx.compose.ui.unit.dp
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.max
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import org.tensorflow.lite.Interpreter

private const val MODEL = "multistyle.tflite"
private const val STRIDE = 8
private const val SHORTEST_SIDE = 64
private const val LONG_SIDE = 768

class StylizeActivity : ComponentActivity() {
    private val stylizer by lazy { Stylizer(assets.open(MODEL).use { it.readBytes() }) }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContent { Screen() }
    }

    override fun onDestroy() {
        stylizer.close()
        super.onDestroy()
    }

    @Composable
    private fun Screen() {
        var chosen by remember { mutableStateOf<Uri?>(null) }
        var style by remember { mutableFloatStateOf(0f) }
        var strength by remember { mutableFloatStateOf(1f) }
        var painted by remember { mutableStateOf<Bitmap?>(null) }
        val picker = rememberLauncherForActivityResult(PickVisualMedia()) { uri -> if (uri != null) chosen = uri }

        LaunchedEffect(chosen, style, strength) {
            val uri = chosen ?: return@LaunchedEffect
            painted = withContext(Dispatchers.Default) {
                val weights = FloatArray(stylizer.numStyles).also { it[style.toInt()] = 1f }
                stylizer.paint(read(uri), weights, strength)
            }
        }

        Column(Modifier.padding(16.dp)) {
            painted?.let { Image(it.asImageBitmap(), "Painted photograph", Modifier.fillMaxWidth()) }
            Button({ picker.launch(PickVisualMediaRequest(PickVisualMedia.ImageOnly)) }) { Text("Choose a photograph") }
            Text("Style ${style.toInt() + 1} of ${stylizer.numStyles}")
            Slider(style, { style = it }, valueRange = 0f..(stylizer.numStyles - 1).toFloat())
            Text("Strength")
            Slider(strength, { strength = it })
        }
    }

    /** The photograph upright, its sides from SHORTEST_SIDE to LONG_SIDE, cut to multiples of the network's stride. */
    private fun read(uri: Uri): Bitmap {
        val source = ImageDecoder.createSource(contentResolver, uri)
        val decoded = ImageDecoder.decodeBitmap(source) { decoder, info, _ ->
            val scale = minOf(1f, LONG_SIDE.toFloat() / max(info.size.width, info.size.height))
            val (width, height) = listOf(info.size.width, info.size.height)
                .map { (it * scale).toInt().coerceAtLeast(SHORTEST_SIDE) }
            decoder.setTargetSize(width, height)
            decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE // pixels are read
        }
        return Bitmap.createBitmap(decoded, 0, 0, decoded.width / STRIDE * STRIDE, decoded.height / STRIDE * STRIDE)
    }
}

/** The network: signature `stylize_weights`, for pictures of every size. */
class Stylizer(model: ByteArray) : AutoCloseable {
    private val signature = "stylize_weights"
    private val one = Mutex() // an interpreter holds one picture at a time
    private val interpreter = Interpreter(
        ByteBuffer.allocateDirect(model.size).order(ByteOrder.nativeOrder()).put(model).apply { rewind() },
        Interpreter.Options().setNumThreads(4),
    )
    private val imagePosition = interpreter.getInputTensorFromSignature("image", signature).index().let { image ->
        (0 until interpreter.inputTensorCount).first { interpreter.getInputTensor(it).index() == image }
    }
    val numStyles: Int = interpreter.getInputTensorFromSignature("style_weights", signature).shape()[1]

    suspend fun paint(photograph: Bitmap, weights: FloatArray, strength: Float): Bitmap = one.withLock {
        val (width, height) = photograph.width to photograph.height
        interpreter.resizeInput(imagePosition, intArrayOf(1, height, width, 3))
        val stylized = ByteBuffer.allocateDirect(3 * width * height)
        interpreter.runSignature(
            mapOf("image" to toBytes(photograph), "style_weights" to arrayOf(weights), "strength" to floatArrayOf(strength)),
            mapOf("stylized" to stylized),
            signature,
        )
        toBitmap(stylized, width, height)
    }

    override fun close() = interpreter.close()

    private fun toBytes(bitmap: Bitmap): ByteBuffer {
        val pixels = IntArray(bitmap.width * bitmap.height)
        bitmap.getPixels(pixels, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
        val bytes = ByteBuffer.allocateDirect(3 * pixels.size)
        for (pixel in pixels) for (shift in intArrayOf(16, 8, 0)) bytes.put((pixel shr shift).toByte())
        return bytes.apply { rewind() }
    }

    private fun toBitmap(bytes: ByteBuffer, width: Int, height: Int): Bitmap {
        bytes.rewind()
        val pixels = IntArray(width * height) {
            var pixel = 0xff
            repeat(3) { pixel = (pixel shl 8) or (bytes.get().toInt() and 0xff) }
            pixel
        }
        return Bitmap.createBitmap(pixels, width, height, Bitmap.Config.ARGB_8888)
    }
}

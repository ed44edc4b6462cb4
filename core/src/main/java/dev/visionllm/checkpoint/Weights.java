package dev.visionllm.checkpoint;

import dev.visionllm.nn.Params;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Named tensors of one file or of several, checked in full when they are opened. */
interface Weights extends Params.Source {
  /** Opens a file by its kind. @throws IllegalArgumentException if it is of none, or malformed */
  static Weights open(Path file) throws IOException {
    String name = file.getFileName().toString();
    if (name.endsWith(".safetensors")) {
      return SafeTensors.open(file);
    }
    if (name.endsWith(".bin")) {
      return TorchPickle.open(file);
    }
    throw new IllegalArgumentException(file + ": should be a .safetensors or a .bin file");
  }

  /** What they hold, by name; offsets count within a tensor's own file. */
  Map<String, SafeTensors.Entry> entries();

  /** The files that hold them. */
  List<Path> files();

  /** A tensor by name, in the file's dtype and shape. */
  Tensor get(String name);

  /** Refuses what is no file. */
  static void exists(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException(
          file + (Files.exists(file) ? ": is not a file" : ": there is no such file"));
    }
  }

  /** The entry that a model asks for, if it has the shape and number format that it needs. */
  static SafeTensors.Entry checked(
      Path file, Map<String, SafeTensors.Entry> entries, String name, long... shape) {
    SafeTensors.Entry e = named(file, entries, name);
    if (!Arrays.equals(e.shape(), shape)) {
      throw new IllegalArgumentException(
          file
              + ": "
              + name
              + " has shape "
              + Arrays.toString(e.shape())
              + ", the model needs "
              + Arrays.toString(shape)
              + ": check the sizes in config.json");
    }
    if (!Dtype.valueOf(e.dtype()).floating() && name.matches(".*\\.(weight|bias)")) {
      throw new IllegalArgumentException(
          file + ": " + name + " has dtype " + e.dtype() + ", should be F32, BF16, F16 or F64");
    }
    return e;
  }

  /** The entry of that name. */
  static SafeTensors.Entry named(Path file, Map<String, SafeTensors.Entry> entries, String name) {
    SafeTensors.Entry e = entries.get(name);
    if (e == null) {
      throw new IllegalArgumentException(file + ": has no tensor " + name);
    }
    return e;
  }

  /** Refuses a file that changed since its directory was read. */
  static void unchanged(Path file, long size, long now) {
    if (now != size) {
      throw new IllegalArgumentException(
          file
              + ": has "
              + now
              + " bytes, had "
              + size
              + " when it was opened: it was written to meanwhile");
    }
  }
}

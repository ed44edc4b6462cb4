package dev.visionllm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.Pointer;

/** Physical memory of this process, mapped files included where the system tells. */
final class ProcessMemory {
  private static final Path STATUS = Path.of("/proc/self/status"); // Linux

  private ProcessMemory() {}

  /** Bytes in memory now. */
  static long resident() {
    if (Files.exists(STATUS)) {
      try {
        for (String line : Files.readAllLines(STATUS)) {
          if (line.startsWith("VmRSS:")) {
            return 1024 * Long.parseLong(line.replaceAll("\\D", "")); // in kB
          }
        }
      } catch (IOException e) {
        // the process's own numbers will do
      }
    }
    return Pointer.physicalBytes();
  }
}

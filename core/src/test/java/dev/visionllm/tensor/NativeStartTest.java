package dev.visionllm.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** First starts in JVMs of their own, with an empty cache of natives. */
class NativeStartTest {
  @TempDir Path dir;

  /** What the child JVMs run. */
  static final class Sum {
    private Sum() {}

    public static void main(String[] args) {
      try (var scope = TensorScope.open()) {
        float sum = Tensors.floats(Tensors.of(new float[] {1, 2, 4}, 3).sum())[0];
        if (sum != 7) {
          throw new IllegalStateException("1 + 2 + 4 = " + sum);
        }
      }
    }
  }

  @Test
  void twoFirstStartsAtOnce() throws Exception {
    Process a = start("a", "");
    Process b = start("b", "");
    int exitA = exit(a);
    int exitB = exit(b);
    assertThat(exitA).as(logs()).isZero();
    assertThat(exitB).as(logs()).isZero();
  }

  /** The linker finds another libtorch first: it must not be taken. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void firstStartBesideAnotherLibtorch() throws Exception {
    Native.load();
    Path other = Files.createDirectories(dir.resolve("other"));
    Path harmless;
    try (Stream<Path> files = Files.walk(Native.cache())) {
      harmless = files.filter(f -> f.endsWith("libjnijavacpp.so")).findFirst().orElseThrow();
    }
    for (String name : List.of("libtorch.so", "libtorch_cpu.so", "libc10.so")) {
      Files.copy(harmless, other.resolve(name));
    }
    assertThat(exit(start("c", other.toString()))).as(logs()).isZero();
  }

  private Process start(String name, String libraryPath) throws IOException {
    Path cache = Files.createDirectories(dir.resolve("cache"));
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:ErrorFile=" + dir.resolve("crash-" + name + ".log"),
                "-Dorg.bytedeco.javacpp.cachedir=" + cache,
                "-cp",
                System.getProperty("java.class.path"),
                Sum.class.getName())
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve(name + ".log").toFile());
    builder.environment().put("LD_LIBRARY_PATH", libraryPath);
    return builder.start();
  }

  private static int exit(Process child) throws InterruptedException {
    if (!child.waitFor(120, TimeUnit.SECONDS)) {
      child.destroyForcibly();
      return -1;
    }
    return child.exitValue();
  }

  private String logs() throws IOException {
    StringBuilder all = new StringBuilder();
    for (String name : List.of("a.log", "b.log", "c.log")) {
      if (Files.exists(dir.resolve(name))) {
        all.append(Files.readString(dir.resolve(name), StandardCharsets.UTF_8));
      }
    }
    return all.toString();
  }
}

package dev.visionllm.cli;

import com.sun.management.OperatingSystemMXBean;
import dev.visionllm.tensor.Native;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code visionllm doctor}: whether this machine can run the model, and how well. */
@Command(
    name = "doctor",
    description = "Check this machine: JDK, native libraries, processor, memory, model.",
    footer = {
      "",
      "Examples:",
      "  visionllm doctor",
      "  visionllm doctor --model path/to/model --json",
      "",
      "Exit code 1 if something is missing."
    })
final class DoctorCommand extends CliCommand {
  /** One finding. */
  record Check(String name, boolean ok, String found) {}

  /** All findings. */
  record Report(String version, boolean ok, List<Check> checks) {}

  private static final List<String> FEATURES =
      List.of("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16");

  private static final long ENOUGH_MEMORY = 2L << 30;

  @Mixin private ModelOption model;

  @Override
  public Integer call() {
    List<Check> checks = new ArrayList<>();
    checks.add(
        new Check(
            "jdk",
            Runtime.version().feature() >= 17,
            Runtime.version() + " at " + System.getProperty("java.home")));
    checks.add(
        new Check(
            "system",
            true,
            System.getProperty("os.name")
                + " "
                + System.getProperty("os.version")
                + " "
                + System.getProperty("os.arch")));
    checks.add(processor());
    checks.add(memory());
    checks.add(natives());
    checks.add(model());
    boolean ok = checks.stream().allMatch(Check::ok);
    if (json()) {
      printJson(new Report(Main.version(), ok, checks));
    } else {
      print("visionllm %s", Main.version());
      checks.forEach(c -> print("%-7s %-10s %s", c.ok ? "ok" : "FAILED", c.name, c.found));
    }
    return ok ? Main.OK : Main.FAILED;
  }

  private static Check processor() {
    String name = Native.processor("model name").strip();
    List<String> flags = List.of(Native.processor("flags").split(" "));
    String found = FEATURES.stream().filter(flags::contains).collect(Collectors.joining(" "));
    return new Check(
        "processor",
        true,
        (name.isEmpty() ? "" : name + ", ")
            + Runtime.getRuntime().availableProcessors()
            + " logical processors"
            + (found.isEmpty() ? "" : "; " + found));
  }

  private static Check memory() {
    var system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    long total = system.getTotalMemorySize();
    return new Check(
        "memory",
        total >= ENOUGH_MEMORY,
        String.format(
            Locale.ROOT,
            "%.1f GiB, Java heap at most %.1f GiB",
            gib(total),
            gib(Runtime.getRuntime().maxMemory())));
  }

  private static Check natives() {
    long start = System.nanoTime();
    try {
      Native.Engine engine = Native.engine();
      return new Check(
          "libtorch",
          true,
          String.format(
              Locale.ROOT,
              "%s, %s kernels, %d threads, loaded in %d ms from %s",
              engine.version(),
              engine.kernels(),
              engine.threads(),
              (System.nanoTime() - start) / 1_000_000,
              Native.cache()));
    } catch (RuntimeException | LinkageError e) {
      return new Check("libtorch", false, Failure.describe(e));
    }
  }

  private Check model() {
    try {
      Path folder = model.folder();
      ModelInfoCommand.Info info = ModelInfoCommand.read(folder);
      return new Check(
          "model",
          true,
          String.format(Locale.ROOT, "%s, %,d parameters", folder, info.parameters()));
    } catch (IOException | IllegalArgumentException e) {
      return new Check("model", false, Failure.describe(e));
    }
  }

  private static double gib(long bytes) {
    return bytes / (double) (1L << 30);
  }
}

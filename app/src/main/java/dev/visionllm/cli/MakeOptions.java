package dev.visionllm.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.LongConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import picocli.CommandLine.Option;

/** How much is made, from which seed and where to, for commands that make data. */
final class MakeOptions {
  /** Writes a data set. */
  @FunctionalInterface
  interface Writer<T> {
    /** Writes to a new folder and tells how far it is. */
    T write(Path out, int count, int threads, LongConsumer progress)
        throws IOException, InterruptedException;
  }

  @Option(names = "--count", required = true, paramLabel = "N", description = "Number of samples.")
  private int count;

  @Option(
      names = "--seed",
      required = true,
      paramLabel = "S",
      description = "Seed; the same seed gives the same files.")
  private long seed;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "New or empty folder to write to.")
  private Path out;

  @Option(names = "--threads", paramLabel = "N", description = "Threads (default: all processors).")
  private int threads = Runtime.getRuntime().availableProcessors();

  long seed() {
    return seed;
  }

  Path out() {
    return out;
  }

  /** Runs a writer; with a progress bar where a person looks on. */
  <T> T run(boolean json, Writer<T> writer) throws IOException, InterruptedException {
    if (json || System.console() == null) return writer.write(out, count, threads, n -> {});
    try (ProgressBar bar =
        new ProgressBarBuilder()
            .setTaskName("samples")
            .setInitialMax(count)
            .setStyle(ProgressBarStyle.ASCII)
            .build()) {
      return writer.write(out, count, threads, bar::stepTo);
    }
  }
}

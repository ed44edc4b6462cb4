package dev.visionllm.cli;

import java.io.PrintWriter;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * How far a long run is: a bar with rate and remaining time on a terminal, a line now and then
 * elsewhere.
 */
final class Meter implements AutoCloseable {
  private static final long SECONDS_BETWEEN_LINES = 15;

  private final String name;
  private final int all;
  private final PrintWriter err;
  private final ProgressBar bar; // or null
  private final long start = System.nanoTime();
  private long lastLine = start;

  /** Starts to count. @param all number of items @param err takes the lines */
  Meter(String name, int all, PrintWriter err) {
    this.name = name;
    this.all = all;
    this.err = err;
    this.bar =
        System.console() == null
            ? null
            : new ProgressBarBuilder()
                .setTaskName(name)
                .setInitialMax(all)
                .setStyle(ProgressBarStyle.ASCII)
                .showSpeed()
                .build();
  }

  /** So many items are done. */
  void at(int done) {
    if (bar != null) {
      bar.stepTo(done);
      return;
    }
    long now = System.nanoTime();
    if (now - lastLine >= SECONDS_BETWEEN_LINES * 1_000_000_000L && done < all) {
      lastLine = now;
      err.println(line(done, (now - start) / 1e9));
      err.flush();
    }
  }

  /** "vqa 120/5299, 8.3/s, 10m24s left". */
  String line(int done, double seconds) {
    double rate = done / seconds;
    long left = Math.round((all - done) / rate);
    return String.format(
        Locale.ROOT,
        "%s %d/%d, %.1f/s, %dm%02ds left",
        name,
        done,
        all,
        rate,
        left / 60,
        left % 60);
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}

package dev.visionllm.cli;

import java.time.Duration;
import java.util.function.Supplier;

/**
 * Where a thread spends the time of its steps: in libtorch, or else (Java, waiting for data). Looks
 * at its stack fifty times a second.
 */
final class EngineShare implements AutoCloseable {
  private static final Duration PERIOD = Duration.ofMillis(20);
  private static final String ENGINE = "org.bytedeco.";

  private final Thread watched;
  private final Thread watcher;
  private volatile boolean on;
  private long looks;
  private long inEngine;

  /** Watches the calling thread in what it has {@link #time} timed. */
  EngineShare() {
    watched = Thread.currentThread();
    watcher = new Thread(this::watch, "engine-share");
    watcher.setDaemon(true);
    watcher.start();
  }

  private void watch() {
    try {
      while (true) {
        Thread.sleep(PERIOD.toMillis());
        StackTraceElement[] stack = watched.getStackTrace();
        if (on) {
          look(stack);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // closed
    }
  }

  private synchronized void look(StackTraceElement[] stack) {
    if (stack.length > 0) {
      looks++;
      if (stack[0].isNativeMethod() && stack[0].getClassName().startsWith(ENGINE)) {
        inEngine++;
      }
    }
  }

  /** What a step gives. */
  <T> T time(Supplier<T> step) {
    on = true;
    try {
      return step.get();
    } finally {
      on = false;
    }
  }

  /** Share of the time outside the engine, 0 to 1; NaN before the first look. */
  synchronized double outside() {
    return (looks - inEngine) / (double) looks;
  }

  @Override
  public void close() {
    watcher.interrupt();
  }
}

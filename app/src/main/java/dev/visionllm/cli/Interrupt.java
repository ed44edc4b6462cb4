package dev.visionllm.cli;

import java.util.concurrent.CountDownLatch;

/**
 * How an interrupted process (SIGINT, SIGTERM) ends. The JVM's own way frees libtorch's global
 * objects under the thread that still computes with them, which crashes it (docs/adr/0004). So a
 * command that can stop early is asked to and awaited, and then the process ends without cleaning
 * up.
 */
final class Interrupt {
  /** Exit code of an interrupted process. */
  static final int CODE = 130;

  private static final CountDownLatch over = new CountDownLatch(1);
  private static volatile boolean stops;
  private static volatile boolean asked;

  private Interrupt() {}

  /** From now on interrupts end this process so. */
  static void handle() {
    Runtime.getRuntime().addShutdownHook(new Thread(Interrupt::end, "interrupt"));
  }

  /** The running command looks at {@link #asked} and ends soon when asked. */
  static void awaitCommand() {
    stops = true;
  }

  /** Whether the command is to stop where it can. */
  static boolean asked() {
    return asked;
  }

  /** The command has ended by itself. */
  static void over() {
    over.countDown();
  }

  private static void end() {
    if (over.getCount() == 0) {
      return; // an exit, not an interrupt
    }
    asked = true;
    try {
      if (stops) {
        over.await();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Runtime.getRuntime().halt(CODE);
  }
}

package dev.visionllm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import org.bytedeco.javacpp.Pointer;

/**
 * The leak check of every model's tests: what a call allocates outside the heap is gone when its
 * scope closes, without the collector's help.
 */
public final class NoLeaks {
  private NoLeaks() {}

  /**
   * Runs body once to warm up (caches, static tensors) and then three times, each in a scope of its
   * own, and fails unless the number of live native pointers is the same before and after.
   *
   * @param body one entry-point call; what it keeps beyond its scopes it must close itself
   */
  public static void assertFlat(Runnable body) {
    Native.load();
    inScope(body);
    settle();
    long before = Pointer.totalCount();
    for (int i = 0; i < 3; i++) {
      inScope(body);
    }
    long after = Pointer.totalCount();
    assertThat(after)
        .as("native pointers alive after three more calls (%d before, %d after)", before, after)
        .isEqualTo(before);
  }

  private static void inScope(Runnable body) {
    try (var scope = TensorScope.open()) {
      body.run();
    }
  }

  /** Lets the collector free what earlier tests left behind, so that it does not hide a leak. */
  private static void settle() {
    long last = -1;
    for (int i = 0; i < 20 && last != Pointer.totalCount(); i++) {
      last = Pointer.totalCount();
      System.gc();
      try {
        Thread.sleep(30);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}

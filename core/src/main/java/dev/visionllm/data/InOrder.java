package dev.visionllm.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/**
 * Makes the samples of a data set on several threads and hands them over in order, so that what is
 * written does not depend on the threads.
 */
final class InOrder {
  /** Makes one sample. */
  @FunctionalInterface
  interface Job<T> {
    /** Makes sample {@code index}; depends on nothing else. */
    T make(int index) throws IOException;
  }

  /** Takes one sample. */
  @FunctionalInterface
  interface Each<T> {
    /** Writes it, or keeps it. */
    void take(T sample) throws IOException;
  }

  private InOrder() {}

  /**
   * Makes the samples 0 to count - 1.
   *
   * @param each gets every sample, in the calling thread
   * @throws IllegalArgumentException if a number is not positive, or as the job throws it
   */
  static <T> void run(int count, int threads, Job<T> job, Each<T> each)
      throws IOException, InterruptedException {
    if (count < 1) throw new IllegalArgumentException("count " + count + " is not positive");
    if (threads < 1) {
      throw new IllegalArgumentException("number of threads " + threads + " is not positive");
    }
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      Deque<Future<T>> running = new ArrayDeque<>();
      int next = 0;
      while (next < count || !running.isEmpty()) {
        while (next < count && running.size() < 16 * threads) {
          int index = next++;
          running.add(pool.submit(() -> job.make(index)));
        }
        each.take(get(running.remove()));
      }
    } finally {
      pool.shutdownNow();
    }
  }

  private static <T> T get(Future<T> future) throws IOException, InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) throw io;
      if (e.getCause() instanceof UncheckedIOException io) throw io.getCause();
      if (e.getCause() instanceof RuntimeException r) throw r;
      throw new IllegalStateException(e.getCause());
    }
  }

  /**
   * Refuses a folder to write to that holds something already.
   *
   * @throws IllegalArgumentException if it is a file or not empty
   */
  static void checkNew(Path out) throws IOException {
    if (!Files.exists(out)) return;
    if (!Files.isDirectory(out)) {
      throw new IllegalArgumentException("output " + out + " is a file, expected a folder");
    }
    try (Stream<Path> files = Files.list(out)) {
      if (files.findAny().isPresent()) {
        throw new IllegalArgumentException(
            "output folder " + out + " is not empty: name a new one or delete it first");
      }
    }
  }
}

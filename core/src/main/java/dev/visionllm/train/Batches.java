package dev.visionllm.train;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The batches of a run in the order of its mixture, loaded ahead by a few threads. */
final class Batches<B> implements AutoCloseable {
  private static final int AHEAD = 6;
  private static final int THREADS = 2;

  private final Objective<B> objective;
  private final Mixture mixture;
  private final long seed;
  private final int stride;
  private final ExecutorService threads;
  private final Deque<Future<B>> queue = new ArrayDeque<>();
  private long at; // passes that the mixture has given
  private long next; // pass to be queued next

  /**
   * @param mixture at its begin
   * @param from first pass
   * @param stride from a pass to the next, where several processes take turns
   */
  Batches(Objective<B> objective, Mixture mixture, long seed, long from, int stride) {
    this.objective = objective;
    this.mixture = mixture;
    this.seed = seed;
    this.next = from;
    this.stride = stride;
    this.threads =
        Executors.newFixedThreadPool(
            THREADS,
            r -> {
              Thread t = new Thread(r, "batches");
              t.setDaemon(true);
              return t;
            });
  }

  /** The randomness of one pass. */
  static SplittableRandom random(long seed, long pass) {
    return new SplittableRandom(seed * 0x9E3779B97F4A7C15L + pass);
  }

  /** The next batch; waits until it is loaded. */
  B take() {
    while (queue.size() < AHEAD) {
      for (; at < next; at++) {
        mixture.next(); // another process takes it, or an earlier part of this run did
      }
      long pass = at++;
      List<Mixture.Item> items = mixture.next();
      next += stride;
      queue.add(threads.submit(() -> objective.load(items, random(seed, pass))));
    }
    try {
      return queue.remove().get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException r) {
        throw r;
      }
      throw new IllegalStateException("a batch could not be loaded", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a batch", e);
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}

package dev.visionllm.train;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Batches in an order that depends on the seed and the pass alone, loaded ahead by a few threads.
 * Every epoch visits every picture once in a new order.
 */
final class Batches<B> implements AutoCloseable {
  private static final int AHEAD = 6;
  private static final int THREADS = 2;

  private final Objective<B> objective;
  private final int pictures;
  private final int batch;
  private final long seed;
  private final int stride;
  private final ExecutorService threads;
  private final Deque<Future<B>> queue = new ArrayDeque<>();
  private long next; // pass to be queued next
  private long epoch = -1;
  private List<Integer> order = List.of();

  /**
   * @param from first pass
   * @param stride from a pass to the next, where several processes take turns
   */
  Batches(Objective<B> objective, int pictures, int batch, long seed, long from, int stride) {
    this.objective = objective;
    this.pictures = pictures;
    this.batch = batch;
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
      long pass = next;
      next += stride;
      List<Integer> numbers = numbers(pass);
      queue.add(threads.submit(() -> objective.load(numbers, random(seed, pass))));
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

  private List<Integer> numbers(long pass) {
    List<Integer> out = new ArrayList<>(batch);
    for (int i = 0; i < batch; i++) {
      long at = pass * batch + i;
      if (at / pictures != epoch) {
        epoch = at / pictures;
        order = new ArrayList<>();
        for (int k = 0; k < pictures; k++) {
          order.add(k);
        }
        Collections.shuffle(order, new Random(seed + epoch));
      }
      out.add(order.get((int) (at % pictures)));
    }
    return out;
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}

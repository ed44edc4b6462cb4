package dev.visionllm.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.IntUnaryOperator;

/**
 * Which samples a pass takes: those of one source, drawn by the ratios (the reference's rule), or
 * of a source drawn anew for each. Every source is visited in epochs, each sample once in a new
 * order. Depends on the seed and the number of passes alone; not safe for several threads.
 */
final class Mixture {
  /** A sample of a source, both by number. */
  record Item(int source, int index) {}

  /**
   * A source.
   *
   * @param size number of samples
   * @param ratio how often it is drawn, beside the others
   * @param length of a sample, see {@link SampleSource#length}
   */
  record Part(int size, double ratio, IntUnaryOperator length) {}

  private static final int WINDOW = 32; // batches that are sorted by length together

  private final List<Part> parts;
  private final int batch;
  private final boolean mixed;
  private final boolean grouped;
  private final long seed;
  private final long[] taken; // samples of each source so far
  private final long[] epochs;
  private final List<List<Integer>> orders = new ArrayList<>();
  private long pass;

  /**
   * @param mixed whether the samples of one pass come of different sources
   * @param grouped whether samples of like length come together; not for mixed passes
   */
  Mixture(List<Part> parts, int batch, boolean mixed, boolean grouped, long seed) {
    this.parts = List.copyOf(parts);
    this.batch = batch;
    this.mixed = mixed;
    this.grouped = grouped && !mixed;
    this.seed = seed;
    taken = new long[parts.size()];
    epochs = new long[parts.size()];
    for (Part part : parts) {
      if (part.size() < 1) {
        throw new IllegalArgumentException(
            "source " + orders.size() + " of the recipe's data has no sample for its task");
      }
      epochs[orders.size()] = -1;
      orders.add(List.of());
    }
  }

  /** The samples of the next pass. */
  List<Item> next() {
    SplittableRandom random = Batches.random(seed ^ 0x5DEECE66DL, pass++);
    List<Item> items = new ArrayList<>(batch);
    int source = -1;
    for (int i = 0; i < batch; i++) {
      source = source < 0 || mixed ? draw(random.nextDouble()) : source;
      items.add(new Item(source, index(source)));
    }
    return items;
  }

  private int draw(double u) {
    double all = parts.stream().mapToDouble(Part::ratio).sum();
    double left = u * all;
    for (int i = 0; i < parts.size(); i++) {
      left -= parts.get(i).ratio();
      if (left < 0) {
        return i;
      }
    }
    return parts.size() - 1;
  }

  private int index(int source) {
    int size = parts.get(source).size();
    long at = taken[source]++;
    if (at / size != epochs[source]) {
      epochs[source] = at / size;
      orders.set(source, order(source, epochs[source]));
    }
    return orders.get(source).get((int) (at % size));
  }

  private List<Integer> order(int source, long epoch) {
    Part part = parts.get(source);
    List<Integer> order = new ArrayList<>(part.size());
    for (int k = 0; k < part.size(); k++) {
      order.add(k);
    }
    Random random = new Random(seed + epoch);
    Collections.shuffle(order, random);
    if (!grouped) {
      return order;
    }
    List<List<Integer>> batches = new ArrayList<>();
    for (int from = 0; from < order.size(); from += WINDOW * batch) {
      List<Integer> window = order.subList(from, Math.min(order.size(), from + WINDOW * batch));
      window.sort(Comparator.comparingInt(part.length()::applyAsInt));
      for (int b = 0; b < window.size(); b += batch) {
        batches.add(window.subList(b, Math.min(window.size(), b + batch)));
      }
    }
    Collections.shuffle(batches, random);
    return batches.stream().flatMap(List::stream).toList();
  }
}

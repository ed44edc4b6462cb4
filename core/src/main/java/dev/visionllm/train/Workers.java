package dev.visionllm.train;

import dev.visionllm.nn.F;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.SizeTPointer;
import org.bytedeco.pytorch.BroadcastOptions;
import org.bytedeco.pytorch.FileStore;
import org.bytedeco.pytorch.GlooDeviceVector;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;

/**
 * The processes that share a training run (c10d with Gloo). Each takes its share of the passes that
 * a step accumulates; gradients are summed over all, so every process takes the same step and the
 * run does not depend on how many there are. One of them alone needs no communication.
 */
public final class Workers implements AutoCloseable {
  private static final long BUCKET = 25L << 18; // numbers in a message: 25 MB of fp32

  private final int rank;
  private final int size;
  private final Store store; // null alone
  private final ProcessGroupGloo group; // null alone

  private Workers(int rank, int size, Store store, ProcessGroupGloo group) {
    this.rank = rank;
    this.size = size;
    this.store = store;
    this.group = group;
  }

  /** A run of one process. */
  public static Workers alone() {
    return new Workers(0, 1, null, null);
  }

  /**
   * Waits for the others.
   *
   * @param rank 0 to size - 1, each once
   * @param master where they meet: {@code file:PATH} of a file that does not exist yet, on one
   *     machine; or {@code HOST:PORT} where rank 0 listens
   * @throws IllegalArgumentException if these make no sense
   */
  public static Workers join(int rank, int size, String master) {
    if (size < 1 || rank < 0 || rank >= size) {
      throw new IllegalArgumentException(
          "rank is " + rank + ", should be 0 to " + (size - 1) + " of " + size + " workers");
    }
    Native.load();
    Loader.load(org.bytedeco.pytorch.presets.torch_gloo.class);
    try (var scope = TensorScope.open()) {
      boolean local = master.startsWith("file:");
      Store store =
          local ? new FileStore(master.substring("file:".length()), size) : tcp(master, rank, size);
      ProcessGroupGloo.Options options = new ProcessGroupGloo.Options();
      options.devices(
          new GlooDeviceVector(
              local
                  ? ProcessGroupGloo.createDeviceForHostname("127.0.0.1")
                  : ProcessGroupGloo.createDefaultDevice()));
      ProcessGroupGloo group = new ProcessGroupGloo(store, rank, size, options);
      return new Workers(rank, size, TensorScope.keep(store), TensorScope.keep(group));
    }
  }

  private static Store tcp(String master, int rank, int size) {
    int colon = master.lastIndexOf(':');
    if (colon < 1 || !master.substring(colon + 1).matches("\\d{1,5}")) {
      throw new IllegalArgumentException("master is " + master + ", should be HOST:PORT");
    }
    TCPStoreOptions options = new TCPStoreOptions();
    options.port((short) Integer.parseInt(master.substring(colon + 1)));
    options.isServer(rank == 0);
    options.numWorkers(new SizeTPointer(1).put(size));
    return new TCPStore(master.substring(0, colon), options);
  }

  /** Which of them this is. */
  public int rank() {
    return rank;
  }

  /** How many they are. */
  public int size() {
    return size;
  }

  /** Whether any of them says yes; all must ask at once. */
  public boolean any(boolean mine) {
    if (size == 1) {
      return mine;
    }
    return TensorScope.value(
        () -> {
          Tensor votes = Tensors.of(new float[] {mine ? 1 : 0}, 1);
          sum(votes);
          return votes.item_float() > 0;
        });
  }

  /**
   * Sums gradients over all; parameters that got one nowhere are left without.
   *
   * @param parameters the same ones in the same order everywhere
   */
  void sumGradients(Collection<Tensor> parameters) {
    if (size == 1) {
      return;
    }
    TensorScope.value(
        () -> {
          List<Tensor> all = List.copyOf(parameters);
          float[] has = new float[all.size()];
          for (int i = 0; i < has.length; i++) {
            has[i] = all.get(i).grad().defined() ? 1 : 0;
          }
          Tensor counts = Tensors.of(has, has.length);
          sum(counts);
          float[] anywhere = Tensors.floats(counts);
          List<Tensor> gradients = new ArrayList<>();
          for (int i = 0; i < has.length; i++) {
            if (anywhere[i] == 0) {
              continue;
            }
            Tensor p = all.get(i);
            if (has[i] == 0) {
              F.scale(p.sum(), 0).backward(); // a gradient of zeros
            }
            gradients.add(p.grad());
          }
          together(gradients, this::sum);
          return null;
        });
  }

  /**
   * Gives tensors of one worker to all others, in place; all call this at once.
   *
   * @param from its rank
   */
  void broadcast(List<Tensor> tensors, int from) {
    if (size > 1) {
      together(
          tensors,
          flat -> {
            try (BroadcastOptions options = new BroadcastOptions()) {
              options.rootRank(from);
              wait(() -> group.broadcast(new TensorVector(flat), options));
            }
          });
    }
  }

  /** Has tensors changed in place, as few long ones instead of many short ones. */
  private static void together(List<Tensor> tensors, Consumer<Tensor> change) {
    for (int from = 0, to; from < tensors.size(); from = to) {
      long numbers = tensors.get(from).numel();
      for (to = from + 1;
          to < tensors.size() && numbers + tensors.get(to).numel() <= BUCKET;
          to++) {
        numbers += tensors.get(to).numel();
      }
      List<Tensor> bucket = tensors.subList(from, to);
      TensorScope.value(
          () -> {
            Tensor flat = F.cat(0, bucket.stream().map(Tensor::flatten).toList());
            change.accept(flat);
            long at = 0;
            for (Tensor t : bucket) {
              t.copy_(F.slice(flat, 0, at, at + t.numel()).view(t.shape()));
              at += t.numel();
            }
            return null;
          });
    }
  }

  /**
   * Sums named numbers over all.
   *
   * @param names of all numbers that there may be, the same ones everywhere
   * @return those that somebody has
   */
  Map<String, Double> sum(List<String> names, Map<String, Double> mine) {
    if (size == 1) {
      return mine;
    }
    if (!names.containsAll(mine.keySet())) {
      throw new IllegalStateException("losses " + mine.keySet() + " are not all of " + names);
    }
    int n = names.size();
    float[] values = new float[2 * n]; // the numbers, then whether they are there
    for (int i = 0; i < n; i++) {
      Double value = mine.get(names.get(i));
      values[i] = value == null ? 0 : value.floatValue();
      values[n + i] = value == null ? 0 : 1;
    }
    float[] all =
        TensorScope.value(
            () -> {
              Tensor t = Tensors.of(values, values.length);
              sum(t);
              return Tensors.floats(t);
            });
    Map<String, Double> out = new LinkedHashMap<>();
    for (int i = 0; i < n; i++) {
      if (all[n + i] > 0) {
        out.put(names.get(i), (double) all[i]);
      }
    }
    return out;
  }

  /** In place, over all. */
  private void sum(Tensor t) {
    wait(() -> group.allreduce(new TensorVector(t)));
  }

  private static void wait(Supplier<Work> exchange) {
    try (Work work = exchange.get()) {
      work._wait();
    } catch (RuntimeException e) {
      throw new RunFailed(
          "another worker of this run was lost: go on from the last checkpoint with --resume, on"
              + " any number of workers",
          e);
    }
  }

  @Override
  public void close() {
    if (group != null) {
      group.close();
      store.close();
    }
  }
}

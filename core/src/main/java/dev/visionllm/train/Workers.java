package dev.visionllm.train;

import dev.visionllm.nn.F;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.chrono.Milliseconds;
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
 *
 * <p>Training computes on processors, so Gloo it is. NCCL, which would sum on GPUs, is {@code
 * ProcessGroupNCCL} of the binding, whose native half the CPU build of libtorch does not have.
 */
public final class Workers implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final Duration EXCHANGE = Duration.ofMinutes(30); // one may evaluate meanwhile
  private static final String FILE = "file:";
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
   * Waits for the others, 5 minutes at most.
   *
   * @param rank 0 to size - 1, each once
   * @param master where they meet: {@code file:PATH} of a file that does not exist yet, on one
   *     machine; or {@code HOST:PORT} where rank 0 listens
   * @throws IllegalArgumentException if these make no sense
   * @throws RunFailed if not all come
   */
  public static Workers join(int rank, int size, String master) {
    return join(rank, size, master, PATIENCE);
  }

  /**
   * As {@link #join(int, int, String)}.
   *
   * @param patience how long to wait
   */
  static Workers join(int rank, int size, String master, Duration patience) {
    if (size < 1 || rank < 0 || rank >= size) {
      throw new IllegalArgumentException(
          "rank is " + rank + ", should be 0 to " + (size - 1) + " of " + size + " workers");
    }
    Native.load();
    Loader.load(org.bytedeco.pytorch.presets.torch_gloo.class);
    try (var scope = TensorScope.open()) {
      InetSocketAddress host = master.startsWith(FILE) ? null : address(master);
      ProcessGroupGloo.Options options = new ProcessGroupGloo.Options();
      options.devices(
          new GlooDeviceVector(
              ProcessGroupGloo.createDeviceForHostname(
                  host == null ? "127.0.0.1" : addressTowards(host))));
      Milliseconds wait = new Milliseconds(patience.toMillis());
      options.timeout(wait);
      try {
        Store store =
            host == null
                ? new FileStore(master.substring(FILE.length()), size)
                : new TCPStore(host.getHostString(), tcp(host, rank, wait));
        store.setTimeout(wait);
        ProcessGroupGloo group = new ProcessGroupGloo(store, rank, size, options);
        group.setTimeout(new Milliseconds(EXCHANGE.toMillis()));
        return new Workers(rank, size, TensorScope.keep(store), TensorScope.keep(group));
      } catch (RuntimeException e) {
        throw new RunFailed(
            "the %d workers did not all meet at %s within %d s (%s): look what became of the others,"
                    .formatted(size, master, patience.toSeconds(), firstLine(e))
                + " then start all again",
            e);
      }
    }
  }

  private static String firstLine(RuntimeException e) {
    return e.getMessage().lines().findFirst().orElse("");
  }

  private static InetSocketAddress address(String master) {
    int colon = master.lastIndexOf(':');
    if (colon < 1 || !master.substring(colon + 1).matches("\\d{1,5}")) {
      throw new IllegalArgumentException("master is " + master + ", should be HOST:PORT");
    }
    InetSocketAddress address =
        new InetSocketAddress(
            master.substring(0, colon), Integer.parseInt(master.substring(colon + 1)));
    if (address.isUnresolved()) {
      throw new IllegalArgumentException("master " + master + " is a host that nobody knows here");
    }
    return address;
  }

  /** This machine's address in the network in which it reaches another. */
  private static String addressTowards(InetSocketAddress other) {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(other); // sends nothing
      return socket.getLocalAddress().getHostAddress();
    } catch (SocketException e) {
      throw new RunFailed("there is no way from this machine to " + other, e);
    }
  }

  private static TCPStoreOptions tcp(InetSocketAddress host, int rank, Milliseconds wait) {
    TCPStoreOptions options = new TCPStoreOptions();
    options.port((short) host.getPort());
    options.isServer(rank == 0);
    options.waitWorkers(false);
    options.timeout(wait);
    return options;
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
    return sum(mine ? 1f : 0f)[0] > 0;
  }

  /**
   * Gives tensors of one worker to all others, in place; all call this at once.
   *
   * @param from its rank
   */
  void broadcast(List<Tensor> tensors, int from) {
    if (size == 1) {
      return;
    }
    for (List<Tensor> bucket : buckets(tensors)) {
      TensorScope.value(
          () -> {
            Tensor flat = F.cat(0, bucket.stream().map(Tensor::flatten).toList());
            BroadcastOptions options = new BroadcastOptions();
            options.rootRank(from);
            wait(() -> group.broadcast(new TensorVector(flat), options));
            long at = 0;
            for (Tensor t : bucket) {
              t.copy_(F.slice(flat, 0, at, at + t.numel()).view(t.shape()));
              at += t.numel();
            }
            return null;
          });
    }
  }

  /** Cuts a list into pieces that travel as one message each. */
  static List<List<Tensor>> buckets(List<Tensor> tensors) {
    List<List<Tensor>> buckets = new ArrayList<>();
    for (int from = 0, to; from < tensors.size(); from = to) {
      long numbers = tensors.get(from).numel();
      for (to = from + 1;
          to < tensors.size() && numbers + tensors.get(to).numel() <= BUCKET;
          to++) {
        numbers += tensors.get(to).numel();
      }
      buckets.add(tensors.subList(from, to));
    }
    return buckets;
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
    float[] all = sum(values);
    Map<String, Double> out = new LinkedHashMap<>();
    for (int i = 0; i < n; i++) {
      if (all[n + i] > 0) {
        out.put(names.get(i), (double) all[i]);
      }
    }
    return out;
  }

  /** Sums numbers over all. */
  float[] sum(float... mine) {
    if (size == 1) {
      return mine;
    }
    return TensorScope.value(
        () -> {
          Tensor t = Tensors.of(mine, mine.length);
          sum(t);
          return Tensors.floats(t);
        });
  }

  /** Sums a tensor over all, in place. */
  void sum(Tensor t) {
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

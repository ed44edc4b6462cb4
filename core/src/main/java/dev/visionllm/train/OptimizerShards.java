package dev.visionllm.train;

import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The optimiser's work shared out among the workers of a run (ZeRO stage 1, Rajbhandari et al.
 * 2020): each keeps the moments of some parameters, moves these alone and gives them to the others.
 * The run is the same as where everybody keeps everything.
 */
final class OptimizerShards {
  private final Workers workers;
  private final List<Map<String, Tensor>> shares; // parameters by rank

  private OptimizerShards(Workers workers, List<Map<String, Tensor>> shares) {
    this.workers = workers;
    this.shares = shares;
  }

  /**
   * Shares parameters out by their size.
   *
   * @param learning by name, the same everywhere
   */
  static OptimizerShards of(Workers workers, Map<String, Tensor> learning) {
    long[] load = new long[workers.size()];
    Map<String, Integer> owner = new HashMap<>();
    learning.entrySet().stream()
        .sorted(Comparator.comparingLong(e -> -e.getValue().numel()))
        .forEach(
            e -> {
              int least = 0;
              for (int r = 1; r < load.length; r++) {
                least = load[r] < load[least] ? r : least;
              }
              load[least] += e.getValue().numel();
              owner.put(e.getKey(), least);
            });
    List<Map<String, Tensor>> shares = new ArrayList<>();
    for (int r = 0; r < workers.size(); r++) {
      Map<String, Tensor> share = new LinkedHashMap<>();
      int rank = r;
      learning.forEach(
          (name, t) -> {
            if (owner.get(name) == rank) {
              share.put(name, t);
            }
          });
      shares.add(share);
    }
    return new OptimizerShards(workers, shares);
  }

  /** Whether this worker moves a parameter. */
  boolean mine(String name) {
    return shares.get(workers.rank()).containsKey(name);
  }

  /** After a step: everybody gets the parameters that the others have moved. */
  void exchange() {
    try (NoGradGuard guard = new NoGradGuard()) {
      for (int r = 0; r < shares.size(); r++) {
        workers.broadcast(List.copyOf(shares.get(r).values()), r);
      }
    }
  }

  /**
   * The whole optimiser state for the first worker, which writes it; the others get nothing, and
   * hold no more than another's share on the way. All call this at once.
   *
   * @param own state of this worker's parameters
   */
  Map<String, Tensor> gather(Map<String, Tensor> own) {
    Map<String, Tensor> all = new LinkedHashMap<>();
    for (int r = 0; r < shares.size(); r++) {
      int rank = r;
      if (workers.rank() == 0) {
        all.putAll(share(rank, own));
      } else {
        TensorScope.value(() -> share(rank, own).size());
      }
    }
    return all;
  }

  /** The state of one worker's parameters; the caller's scope owns what is not this one's. */
  private Map<String, Tensor> share(int rank, Map<String, Tensor> own) {
    Map<String, Tensor> share = shares.get(rank);
    Map<String, Tensor> state = new LinkedHashMap<>();
    Map<String, Tensor> moments = new LinkedHashMap<>();
    steps(share, own, rank)
        .forEach(
            (name, step) -> {
              List<String> keys = AdamW.keys(name);
              state.put(keys.get(0), Tensors.of(step, 1));
              for (String key : keys.subList(1, keys.size())) {
                Tensor known = own.get(key);
                moments.put(
                    key, known == null ? torch.zeros_like(share.get(name).detach()) : known);
              }
            });
    workers.broadcast(List.copyOf(moments.values()), rank);
    state.putAll(moments);
    return state;
  }

  /** Steps of those parameters of a worker that have been moved. */
  private Map<String, long[]> steps(Map<String, Tensor> share, Map<String, Tensor> own, int rank) {
    List<String> names = List.copyOf(share.keySet());
    float[] mine = new float[names.size()]; // exact up to 16 million
    for (int i = 0; i < mine.length; i++) {
      Tensor step = own.get(AdamW.keys(names.get(i)).get(0));
      mine[i] = step == null ? 0 : Tensors.longs(step)[0];
    }
    float[] steps =
        TensorScope.value(
            () -> {
              Tensor t = Tensors.of(mine, mine.length);
              workers.broadcast(List.of(t), rank);
              return Tensors.floats(t);
            });
    Map<String, long[]> moved = new LinkedHashMap<>();
    for (int i = 0; i < steps.length; i++) {
      if (steps[i] > 0) {
        moved.put(names.get(i), new long[] {(long) steps[i]});
      }
    }
    return moved;
  }
}

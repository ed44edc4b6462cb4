package dev.visionllm.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.Golden;
import dev.visionllm.NoLeaks;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class ChainTest {
  private static final int D = 6;

  /** Three residual blocks with dropout on top of a layer that makes their input. */
  private static final class Net {
    final Linear before;
    final List<UnaryOperator<Tensor>> blocks;

    Net(Params p) {
      before = new Linear(p.at("before"), D, D);
      blocks =
          IntStream.range(0, 3)
              .mapToObj(i -> new Linear(p.at("blocks").at(i), D, D))
              .<UnaryOperator<Tensor>>map(
                  l -> x -> x.add(F.dropout(F.gelu(l.forward(x)), 0.3, true)))
              .toList();
      p.taken().values().forEach(t -> t.requires_grad_(true));
    }

    Chain run(boolean recompute) {
      Tensor x = before.forward(RandomWeights.tensor(2, 4, D));
      return recompute ? Chain.recomputing(x, blocks) : Chain.keeping(x, blocks);
    }
  }

  /** Two losses on the output and, in single precision, one on a level; the gradients by name. */
  private static Map<String, float[]> gradients(boolean recompute, boolean half) {
    try (var scope = TensorScope.open();
        Params p = new Params(RandomWeights.of(1))) {
      torch.manual_seed(7);
      Net net = new Net(p);
      torch.set_autocast_dtype(DeviceType.CPU, ScalarType.BFloat16);
      torch.set_autocast_enabled(DeviceType.CPU, half);
      Chain chain;
      Tensor loss;
      try {
        chain = net.run(recompute);
        loss = chain.output().square().mean().add(chain.output().sum());
        if (!half) { // another order of summing a level's gradients: in bf16 a last digit more
          loss = loss.add(F.scale(chain.levels().get(1).square().sum(), 0.1));
        }
      } finally {
        torch.clear_cache();
        torch.set_autocast_enabled(DeviceType.CPU, false);
      }
      loss.backward();
      chain.backward();
      Map<String, float[]> out = new LinkedHashMap<>();
      p.taken().forEach((name, t) -> out.put(name, Tensors.floats(t.grad())));
      out.put("loss", Tensors.floats(loss));
      out.put("drawn after", Tensors.floats(torch.rand(3)));
      return out;
    }
  }

  @Test
  void gradientsEqualThoseWithAllActivationsKept() {
    for (boolean half : List.of(false, true)) {
      Map<String, float[]> kept = gradients(false, half);
      Map<String, float[]> again = gradients(true, half);
      try (var scope = TensorScope.open()) {
        kept.forEach(
            (name, g) ->
                Golden.check(
                    half ? "chain, autocast" : "chain",
                    name,
                    Tensors.of(g, g.length),
                    Tensors.of(again.get(name), g.length),
                    half ? 0 : 1e-6));
      }
      assertThat(again.get("drawn after")).isEqualTo(kept.get("drawn after"));
      assertThat(again.get("blocks.0.weight")).isNotEqualTo(new float[D * D]);
    }
  }

  @Test
  void aFrozenInputAndAFrozenFirstBlockNeedNoWayBack() {
    try (var scope = TensorScope.open();
        Params p = new Params(RandomWeights.of(1))) {
      Net net = new Net(p);
      p.taken().forEach((name, t) -> t.requires_grad_(name.startsWith("blocks.2")));
      Chain chain = net.run(true);
      chain.output().sum().backward();
      chain.backward();
      assertThat(p.taken().get("blocks.2.weight").grad().defined()).isTrue();
      assertThat(p.taken().get("blocks.0.weight").grad().defined()).isFalse();
    }
  }

  @Test
  void theWayBackComesAfterALossAndOnce() {
    try (var scope = TensorScope.open();
        Params p = new Params(RandomWeights.of(1))) {
      Chain chain = new Net(p).run(true);
      assertThatThrownBy(chain::backward).hasMessageContaining("has no gradient");
      chain.output().sum().backward();
      chain.backward();
      assertThatThrownBy(chain::backward).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void leaksNothing() {
    try (Params p = new Params(RandomWeights.of(1))) {
      Net net = TensorScope.value(() -> new Net(p));
      NoLeaks.assertFlat(
          () -> {
            Chain chain = net.run(true);
            chain.output().sum().backward();
            chain.backward();
            p.taken().values().forEach(t -> t.mutable_grad().reset());
          });
    }
  }
}

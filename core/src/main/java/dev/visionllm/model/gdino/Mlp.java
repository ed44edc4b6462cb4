package dev.visionllm.model.gdino;

import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Linear layers with ReLU between them. */
final class Mlp {
  private final List<Linear> layers;

  /**
   * @param sizes in, hidden..., out
   */
  Mlp(Params p, long... sizes) {
    List<Linear> list = new ArrayList<>();
    for (int i = 0; i + 1 < sizes.length; i++) {
      list.add(new Linear(p.at("layers").at(i), sizes[i], sizes[i + 1]));
    }
    layers = List.copyOf(list);
  }

  /**
   * A head for each decoder layer, below 0, 1, ...; a shared one is published once per layer.
   *
   * @param second where the same heads are published again, or null
   * @param sizes in, hidden..., out
   */
  static List<Mlp> heads(Params p, Params second, int layers, boolean shared, long... sizes) {
    List<Mlp> heads = new ArrayList<>();
    for (int i = 0; i < layers; i++) {
      if (i == 0 || !shared) {
        heads.add(new Mlp(p.at(i), sizes));
      } else {
        heads.add(heads.get(0));
        alias(p.at(0), p.at(i));
      }
      if (second != null) {
        alias(p.at(i), second.at(i));
      }
    }
    return List.copyOf(heads);
  }

  /** Records everything taken below one cursor under another's names too. */
  private static void alias(Params from, Params to) {
    String prefix = from.path() + ".";
    for (Map.Entry<String, Tensor> e : List.copyOf(from.taken().entrySet())) {
      if (e.getKey().startsWith(prefix)) {
        to.alias(e.getKey().substring(prefix.length()), e.getValue());
      }
    }
  }

  /** (..., in) -> (..., out). */
  Tensor forward(Tensor x) {
    Tensor y = layers.get(0).forward(x);
    for (Linear layer : layers.subList(1, layers.size())) {
      y = layer.forward(torch.relu(y));
    }
    return y;
  }
}

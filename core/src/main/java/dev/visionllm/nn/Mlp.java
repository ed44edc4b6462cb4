package dev.visionllm.nn;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Linear layers named layers.0, layers.1, ... with ReLU between them. */
public final class Mlp {
  private final List<Linear> layers;

  /**
   * @param sizes in, hidden..., out
   */
  public Mlp(Params p, long... sizes) {
    List<Linear> list = new ArrayList<>();
    for (int i = 0; i + 1 < sizes.length; i++) {
      list.add(new Linear(p.at("layers").at(i), sizes[i], sizes[i + 1]));
    }
    layers = List.copyOf(list);
  }

  /** (..., in) -> (..., out). */
  public Tensor forward(Tensor x) {
    Tensor y = layers.get(0).forward(x);
    for (Linear layer : layers.subList(1, layers.size())) {
      y = layer.forward(torch.relu(y));
    }
    return y;
  }

  /**
   * Heads of a decoder's layers, below 0, 1, ...; a head that layers share is published once per
   * layer.
   *
   * @param second where the same heads are published again, or null
   * @param sizes in, hidden..., out
   */
  public static List<Mlp> heads(
      Params p, Params second, int layers, boolean shared, long... sizes) {
    List<Mlp> heads = new ArrayList<>();
    for (int i = 0; i < layers; i++) {
      if (i == 0 || !shared) {
        heads.add(new Mlp(p.at(i).or(names(p, second, i, shared ? layers : i + 1)), sizes));
      } else {
        heads.add(heads.get(0));
        p.at(i).alias(p.at(0));
      }
      if (second != null) {
        second.at(i).alias(p.at(i));
      }
    }
    return List.copyOf(heads);
  }

  /** The other names of the head of layers from..to. */
  private static List<Params> names(Params p, Params second, int from, int to) {
    List<Params> out = new ArrayList<>();
    for (int i = from; i < to; i++) {
      if (i > from) {
        out.add(p.at(i));
      }
      if (second != null) {
        out.add(second.at(i));
      }
    }
    return out;
  }
}

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
}

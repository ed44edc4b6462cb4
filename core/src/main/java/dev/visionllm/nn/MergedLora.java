package dev.visionllm.nn;

import dev.visionllm.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A model's adapters summed into its weights, until closed: W becomes W + scale B A and B zero, so
 * that the model computes the same and its weights are those of a model without adapters. Closing
 * gives B back and takes the product out of W, which leaves W a rounding error. Not for training:
 * an optimiser would see a B of zero.
 */
public final class MergedLora implements AutoCloseable {
  private static final String B = ".lora_B.weight";

  private record Layer(Tensor w, Tensor a, Tensor b, Tensor kept) {}

  private final List<Layer> layers = new ArrayList<>();
  private final double scale;

  /**
   * Merges.
   *
   * @param taken the model's tensors by name, as {@link Params#taken} gives them
   * @param c what its adapters were made with
   */
  public MergedLora(Map<String, Tensor> taken, Lora.Config c) {
    scale = c.scale();
    taken.forEach(
        (name, b) -> {
          if (name.endsWith(B)) {
            String path = name.substring(0, name.length() - B.length());
            Tensor kept = TensorScope.value(() -> TensorScope.keep(b.detach().clone()));
            layers.add(
                new Layer(
                    taken.get(path + ".weight"), taken.get(path + ".lora_A.weight"), b, kept));
          }
        });
    change(true);
  }

  /** Takes the adapters out of the weights again. */
  @Override
  public void close() {
    change(false);
    layers.forEach(l -> l.kept.close());
    layers.clear();
  }

  private void change(boolean merge) {
    for (Layer l : layers) {
      TensorScope.value(
          () -> {
            try (NoGradGuard guard = new NoGradGuard()) {
              l.w.copy_(Lora.merged(l.w, l.a, l.kept, merge ? scale : -scale));
              l.b.copy_(merge ? torch.zeros_like(l.b) : l.kept);
            }
            return null;
          });
    }
  }
}

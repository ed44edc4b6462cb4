package dev.visionllm.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.NoLeaks;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/** Learning from the decoder's own text encoder. */
class DiffusionLossTest {
  private static final int[] EMPTY = {1, 2, 2, 2, 2};

  private static Tensor noise(long... shape) {
    return torch.randn(shape, Tensors.options(ScalarType.Float));
  }

  @Test
  void aDroppedTextIsTheEmptyOne() {
    Native.load();
    try (Params p = new Params(RandomWeights.of(1));
        var scope = TensorScope.open()) {
      LatentDiffusion model = new LatentDiffusion(p.at("ip2p"), Configs.TINY_EDIT);
      DiffusionLoss loss = new DiffusionLoss(model, DiffusionLoss.TEXT_DROP);
      Tensor pictures = noise(1, 3, 8, 8);
      Tensor sources = noise(1, 3, 8, 8);
      Tensor text = Tensors.of(new long[] {1, 9, 8, 7, 2}, 1, 5);
      Tensor empty = Tensors.of(new long[] {1, 2, 2, 2, 2}, 1, 5);
      DiffusionLoss.Draw drawn = loss.draw(pictures);
      DiffusionLoss.Draw kept = with(drawn, 0.5f);
      double full = value(loss.ofText(text, pictures, sources, EMPTY, kept));
      double without = value(loss.ofText(empty, pictures, sources, EMPTY, kept));
      assertThat(full).isNotCloseTo(without, within(1e-9));
      DiffusionLoss.Draw dropped = with(drawn, 0.01f); // the text, not the picture
      assertThat(value(loss.ofText(text, pictures, sources, EMPTY, dropped))).isEqualTo(without);
      assertThatThrownBy(() -> loss.ofText(text, pictures, null, EMPTY, kept))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("pictures to edit");
      NoLeaks.assertFlat(
          () -> loss.ofText(text, pictures, sources, EMPTY, loss.drawForText(pictures)));
    }
  }

  @Test
  void behindTheEmptyTextBothLossesAreTheSame() {
    Native.load();
    try (Params p = new Params(RandomWeights.of(1));
        var scope = TensorScope.open()) {
      LatentDiffusion model = new LatentDiffusion(p.at("sd"), Configs.TINY);
      DiffusionLoss loss = new DiffusionLoss(model, DiffusionLoss.TEXT_DROP);
      Tensor pictures = noise(1, 3, 8, 8);
      Tensor text = Tensors.of(new long[] {1, 9, 8, 7, 2}, 1, 5);
      Tensor states = noise(1, 3, 8);
      DiffusionLoss.Draw dropped = with(loss.draw(pictures), 0.01f);
      double linked = value(loss.of(states, pictures, null, null, EMPTY, dropped).image());
      double ofText = value(loss.ofText(text, pictures, null, EMPTY, dropped));
      assertThat(ofText).isCloseTo(linked, within(1e-6 * linked));
    }
  }

  private static DiffusionLoss.Draw with(DiffusionLoss.Draw d, float chance) {
    return new DiffusionLoss.Draw(d.sample(), d.noise(), d.times(), new float[] {chance});
  }

  private static double value(Tensor t) {
    return Tensors.floats(t)[0];
  }
}

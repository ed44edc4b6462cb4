package dev.visionllm.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.Golden;
import dev.visionllm.NoLeaks;
import dev.visionllm.image.Raster;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class AutoencoderKlTest {
  private static void withVae(Consumer<AutoencoderKl> body) {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      body.accept(new AutoencoderKl(root, Configs.TINY.vae()));
    }
  }

  @Test
  void oneTileIsThePlainDecode() {
    withVae(
        vae -> {
          Tensor z = RandomWeights.tensor(2, 2, 4, 6, 8);
          Tensor tiled = new TiledDecoder(8, 2).decode(vae, z);
          assertThat(tiled.equal(vae.decode(z))).isTrue();
        });
  }

  /**
   * Norms and attention see one tile, so tiles of noise differ from the whole; on latents that look
   * the same everywhere the statistics agree and only the convolutions' borders are left.
   */
  @Test
  void tilesBlendIntoThePlainDecode() {
    withVae(
        vae -> {
          Tensor patch = RandomWeights.tensor(2, 1, 4, 4, 4);
          Tensor z = patch.repeat(1, 1, 16, 16); // 64 x 64 latents with period 4
          Tensor plain = vae.decode(z);
          Tensor tiled = new TiledDecoder(32, 8).decode(vae, z);
          double deviation = plain.std().item_double();
          double mean = tiled.sub(plain).abs().mean().item_double();
          System.out.printf(
              "tiled decode: mean difference %.3g of the deviation%n", mean / deviation);
          assertThat(tiled.shape()).isEqualTo(plain.shape());
          assertThat(mean).isLessThan(0.1 * deviation);
          NoLeaks.assertFlat(() -> new TiledDecoder(32, 8).decode(vae, z));
        });
  }

  @Test
  void tilesCoverEverySize() {
    TiledDecoder decoder = new TiledDecoder(8, 3);
    for (int length = 1; length < 60; length++) {
      int[] starts = decoder.starts(length);
      assertThat(starts[0]).isZero();
      assertThat(starts[starts.length - 1] + 8).isGreaterThanOrEqualTo(length);
      for (int i = 1; i < starts.length; i++) {
        assertThat(starts[i] - starts[i - 1]).isBetween(1, 5);
        assertThat(starts[i] + 8).isLessThanOrEqualTo(length);
      }
    }
    assertThatThrownBy(() -> new TiledDecoder(8, 5)).hasMessageContaining("0 to half of it");
  }

  @Test
  void aBatchEqualsSingles() {
    withVae(
        vae -> {
          Tensor two = RandomWeights.tensor(2, 2, 3, 8, 12);
          Tensor mean = vae.encode(two).mean();
          assertThat(mean.shape()).containsExactly(2, 4, 4, 6);
          Tensor decoded = vae.decode(mean);
          for (int i = 0; i < 2; i++) {
            Tensor one = two.narrow(0, i, 1);
            Golden.check("vae", "mean", vae.encode(one).mean(), mean.narrow(0, i, 1), 1e-5);
            Golden.check(
                "vae", "decoded", vae.decode(mean.narrow(0, i, 1)), decoded.narrow(0, i, 1), 1e-5);
          }
        });
  }

  /** What the preview of flat latents shows is what the autoencoder decodes them to. */
  @Test
  void previewsOfFlatLatentsAreTheDecodedColour() {
    withVae(
        vae -> {
          Tensor none = RandomWeights.tensor(1, 1, 4, 4, 4).mul(new org.bytedeco.pytorch.Scalar(0));
          int preview = LatentColours.of(vae).pictures(none).get(0).pixel(1, 1);
          float[] mean = LatentColours.of(vae).bias();
          for (int c = 0; c < 3; c++) {
            int expected = (int) Math.round(255 * Math.min(1, Math.max(0, mean[c] / 2 + 0.5)));
            assertThat(preview >> 16 - 8 * c & 255)
                .isCloseTo(expected, org.assertj.core.data.Offset.offset(1));
          }
        });
  }

  @Test
  void pixelsSurviveTheWayToTensorsAndBack() {
    try (var scope = TensorScope.open()) {
      byte[] rgb = new byte[3 * 7 * 5];
      new Random(1).nextBytes(rgb);
      Raster picture = new Raster(7, 5, rgb);
      assertThat(Planes.raster(Planes.of(picture))).isEqualTo(picture);
    }
  }

  @Test
  void refusesNonsense() {
    assertThatThrownBy(() -> new AutoencoderKl.Config(List.of(8, 15), 1, 4, 4, 0.2))
        .hasMessage("autoencoder: 15 channels are not a multiple of 4 groups");
    assertThatThrownBy(() -> new AutoencoderKl.Config(List.of(), 1, 4, 4, 0.2))
        .hasMessageContaining("must be positive");
    assertThatThrownBy(() -> new AutoencoderKl.Config(List.of(8), 1, 4, 4, 0))
        .hasMessageContaining("scaling factor is 0.0");
    withVae(
        vae -> {
          assertThatThrownBy(() -> vae.encode(RandomWeights.tensor(1, 1, 3, 7, 8)))
              .hasMessage(
                  "autoencoder: pixels are [1, 3, 7, 8], should be (b, 3, h, w) with sides that are"
                      + " multiples of 2");
          assertThatThrownBy(() -> vae.decode(RandomWeights.tensor(1, 1, 3, 8, 8)))
              .hasMessageContaining("should be (b, 4, h, w)");
        });
  }
}

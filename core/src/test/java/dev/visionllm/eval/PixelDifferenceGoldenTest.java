package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.Golden;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.image.Raster;
import java.nio.file.Path;
import java.util.Base64;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** scikit-image's peak signal to noise ratio. */
class PixelDifferenceGoldenTest {

  @TestFactory
  Stream<DynamicTest> numbers() {
    return GoldenJson.tests(Golden.Kind.IMAGE_QUALITY, PixelDifferenceGoldenTest::check);
  }

  private static void check(Path dir) {
    double worst = 0;
    for (var pair : GoldenJson.read(dir.resolve("psnr_ssim.json")).get("pairs")) {
      int w = pair.get("w").asInt(), h = pair.get("h").asInt();
      double squared =
          PixelDifference.squared(
              raster(w, h, pair.get("a_uint8_hwc_b64")),
              raster(w, h, pair.get("b_uint8_hwc_b64")),
              Mask.of(w, h, new Box(0, 0, w, h)));
      var expected = pair.get("expected");
      worst =
          Math.max(
              worst, GoldenJson.difference(squared, GoldenJson.number(expected.get("mse_rgb"))));
      worst =
          Math.max(
              worst,
              GoldenJson.difference(
                  PixelDifference.psnr(squared), GoldenJson.number(expected.get("psnr_rgb"))));
    }
    System.out.printf("%s: max abs diff %.3g%n", dir.getFileName(), worst);
    assertThat(worst).isLessThanOrEqualTo(1e-9);
  }

  private static Raster raster(int w, int h, JsonNode base64) {
    return new Raster(w, h, Base64.getDecoder().decode(base64.asString()));
  }

  @Test
  void onlySomePixelsCount() {
    var black = Raster.filled(4, 2, 0);
    var red = Raster.filled(4, 2, 0x1e0028);
    var left = Mask.of(4, 2, new Box(0, 0, 2, 2));
    assertThat(PixelDifference.squared(black, red, left)).isEqualTo((900 + 1600) / 3.0);
    assertThat(PixelDifference.colour(black, red, left)).isCloseTo(50, within(1e-12));
    assertThat(PixelDifference.squared(black, red, new Mask(4, 2))).isNaN();
    assertThat(PixelDifference.psnr(0)).isInfinite();
    assertThatThrownBy(() -> PixelDifference.squared(black, Raster.filled(2, 4, 0), left))
        .hasMessageContaining("must have one size");
  }
}

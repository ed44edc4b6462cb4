package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.geometry.Box;
import dev.visionllm.image.Raster;
import dev.visionllm.result.Segment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SaliencySuiteTest {
  @TempDir Path dir;

  private record Seeing(Optional<Box> box) implements FakeSubject {
    @Override
    public List<Segment> segment(Raster picture, List<String> classes) {
      assertThat(classes).containsExactly("foreground");
      return box.stream().map(b -> TinyWorld.segment("foreground", b)).toList();
    }
  }

  @Test
  void mapsAreScored() throws IOException {
    var world = TinyWorld.write(dir);
    world.gray("saliency/a.png", Map.of(TinyWorld.DOG_OF_A, 255)); // none of b, as in the data
    var perfect = world.run(Suite.SALIENCY, new Seeing(Optional.of(TinyWorld.DOG_OF_A)));
    assertThat(perfect)
        .containsEntry("MAE", 0.0)
        .containsEntry("F-measure, maximum", 1.0)
        .containsEntry("pictures", 1.0);
    assertThat(perfect.get("S-measure")).isCloseTo(1, within(1e-9));
    // an empty map: the object's 100 of 1024 pixels are wrong; only at threshold 0 all is marked
    var silent = world.run(Suite.SALIENCY, new Seeing(Optional.empty()));
    double share = 100 / 1024.0;
    assertThat(silent.get("MAE")).isCloseTo(share, within(1e-12));
    assertThat(silent.get("F-measure, maximum"))
        .isCloseTo(1.3 * share / (.3 * share + 1), within(1e-12));
    // half of the object: all that is marked is right, half is missed
    var half = new Seeing(Optional.of(TinyWorld.half(TinyWorld.DOG_OF_A)));
    assertThat(world.run(Suite.SALIENCY, half))
        .containsEntry("MAE", 50 / 1024.0)
        .containsEntry("F-measure, maximum", 1.3 * .5 / (.3 + .5));
  }

  @Test
  void badMapsAreNamed() throws IOException {
    var world = TinyWorld.write(dir);
    assertThatThrownBy(() -> Suite.SALIENCY.open(world.open()))
        .isInstanceOf(MissingData.class)
        .hasMessageContaining("has no saliency");
    world.gray("saliency/c.png", Map.of());
    assertThatThrownBy(() -> Suite.SALIENCY.open(world.open()))
        .hasMessageContaining("c.png")
        .hasMessageContaining("has no picture");
  }
}

package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.image.Raster;
import dev.visionllm.result.Segment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MaskSuiteTest {
  @TempDir Path dir;

  private record Seeing(UnaryOperator<List<Segment>> change) implements FakeSubject {
    @Override
    public List<Segment> segment(Raster picture, List<String> classes) {
      assertThat(classes).containsExactlyInAnyOrder("dog", "cat", "bus");
      return change.apply(TinyWorld.see(picture, classes));
    }
  }

  @Test
  void masksAreScored() throws IOException {
    var world = TinyWorld.write(dir);
    assertThat(world.run(Suite.MASKS, new Seeing(all -> all)))
        .hasSize(12)
        .containsEntry("AP", 1.0)
        .containsEntry("APs", 1.0)
        .containsEntry("AR1", 1.0);
    assertThat(world.run(Suite.MASKS, new Seeing(all -> List.of())))
        .containsEntry("AP", 0.0)
        .containsEntry("AR100", 0.0);
    // half of each mask has an IoU of 0.5, which is enough at the first of ten thresholds
    var halves =
        world.run(
            Suite.MASKS,
            new Seeing(
                all ->
                    all.stream()
                        .map(s -> TinyWorld.segment(s.label(), TinyWorld.half(s.box())))
                        .collect(Collectors.toList())));
    assertThat(halves).containsEntry("AP50", 1.0).containsEntry("AP75", 0.0);
    assertThat(halves.get("AP")).isCloseTo(.1, within(1e-12));
  }

  @Test
  void objectsNeedMasks() throws IOException {
    var world = TinyWorld.write(dir);
    var all = Files.readString(dir.resolve("instances.json"));
    var seeing = new Seeing(found -> found);
    world.file("instances.json", all.replaceFirst("\"segmentation\": \\{[^}]*}", "\"x\": 0"));
    assertThatThrownBy(() -> world.run(Suite.MASKS, seeing))
        .hasMessageContaining("the mask of annotation 11 in instances.json is missing")
        .hasMessageContaining("a.png");
    world.file("instances.json", all.replace("32", "16"));
    assertThatThrownBy(() -> world.run(Suite.MASKS, seeing))
        .isInstanceOf(IllegalArgumentException.class);
  }
}

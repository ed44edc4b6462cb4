package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.image.Raster;
import dev.visionllm.result.Finding;
import dev.visionllm.result.Segment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GroundingSuiteTest {
  @TempDir Path dir;

  private record Pointing(Map<String, Segment> knows, Function<Segment, Finding> change)
      implements FakeSubject {
    @Override
    public Optional<Finding> ground(Raster picture, String expression) {
      return Optional.ofNullable(knows.get(expression)).map(change);
    }
  }

  /** Finds boxes, but no masks. */
  private record Boxing(Pointing pointing) implements FakeSubject {
    @Override
    public Set<Suites.Ability> abilities() {
      return EnumSet.of(Suites.Ability.BOXES);
    }

    @Override
    public Optional<Finding> ground(Raster picture, String expression) {
      return pointing.ground(picture, expression);
    }
  }

  private static final Map<String, Segment> KNOWS =
      Map.of(
          "red one", TinyWorld.segment("red one", TinyWorld.DOG_OF_A),
          "dog at the top", TinyWorld.segment("dog at the top", TinyWorld.DOG_OF_A),
          "cat", TinyWorld.segment("cat", TinyWorld.CAT_OF_A),
          "dog", TinyWorld.segment("dog", TinyWorld.DOG_OF_B));

  private TinyWorld world() throws IOException {
    var world = TinyWorld.write(dir);
    world.file(
        "refs.json",
        "[%s, %s, %s]"
            .formatted(
                reference(1, 11, 1, 3, "red one", "dog at the top"),
                reference(2, 12, 1, 7, "cat"),
                reference(3, 13, 2, 3, "dog")));
    return world;
  }

  private static String reference(int id, int object, int picture, int category, String... said) {
    var sentences = new StringBuilder();
    for (int i = 0; i < said.length; i++) {
      sentences.append(
          "%s{\"sent_id\": %d, \"raw\": \"%s!\", \"sent\": \"%s\", \"tokens\": [\"x\"]}"
              .formatted(i == 0 ? "" : ", ", 10 * id + i, said[i], said[i]));
    }
    return """
    {"ref_id": %d, "ann_id": %d, "image_id": %d, "file_name": "f.png", "category_id": %d,
     "split": "val", "sentences": [%s]}
    """
        .formatted(id, object, picture, category, sentences);
  }

  @Test
  void boxesAndMasksAreScored() throws IOException {
    var world = world();
    assertThat(world.run(Suite.GROUNDING, new Pointing(KNOWS, s -> s)))
        .containsEntry("box P@0.5", 1.0)
        .containsEntry("box mean IoU", 1.0)
        .containsEntry("mask cIoU", 1.0)
        .containsEntry("mask gIoU", 1.0)
        .containsEntry("expressions", 4.0);
    assertThat(world.run(Suite.GROUNDING, new Pointing(Map.of(), s -> s)))
        .containsEntry("box P@0.5", 0.0)
        .containsEntry("mask cIoU", 0.0)
        .containsEntry("mask gIoU", 0.0);
    // half an object is an IoU of exactly 0.5, which is no hit
    var halves = new Pointing(KNOWS, s -> TinyWorld.segment(s.label(), TinyWorld.half(s.box())));
    assertThat(world.run(Suite.GROUNDING, halves))
        .containsEntry("box P@0.5", 0.0)
        .containsEntry("box mean IoU", .5)
        .containsEntry("mask cIoU", .5)
        .containsEntry("mask gIoU", .5);
    // always the same of three objects: right twice of four times
    var stuck = new Pointing(KNOWS, s -> TinyWorld.segment(s.label(), TinyWorld.DOG_OF_A));
    var rows = world.run(Suite.GROUNDING, stuck);
    assertThat(rows).containsEntry("box P@0.5", .5);
    // the dog of b shares 6 x 6 pixels with it
    assertThat(rows.get("mask gIoU")).isCloseTo((2 + 36 / 164.0) / 4, within(1e-12));
    assertThat(rows.get("mask cIoU")).isCloseTo(236.0 / (200 + 200 + 164), within(1e-12));
  }

  @Test
  void aModelWithoutMasksHasNoneToScore() throws IOException {
    var boxes = new Boxing(new Pointing(KNOWS, Segment::detection));
    var rows = world().run(Suite.GROUNDING, boxes);
    assertThat(rows).containsEntry("box P@0.5", 1.0);
    assertThat(rows.get("mask cIoU")).isNaN();
    assertThat(rows.get("mask gIoU")).isNaN();
  }

  @Test
  void missingExpressionsAreNamed() throws IOException {
    var world = TinyWorld.write(dir);
    assertThatThrownBy(() -> Suite.GROUNDING.open(world.open()))
        .isInstanceOf(MissingData.class)
        .hasMessageContaining("has no refs.json");
    world.file("refs.json", "[]");
    assertThatThrownBy(() -> Suite.GROUNDING.open(world.open()))
        .hasMessageContaining("nothing for suite grounding")
        .hasMessageContaining("refs.json");
    world.file("refs.json", "[" + reference(1, 99, 1, 3, "dog") + "]");
    assertThatThrownBy(() -> Suite.GROUNDING.open(world.open()))
        .hasMessageContaining("refs.json")
        .hasMessageContaining("ann_id 99");
  }
}

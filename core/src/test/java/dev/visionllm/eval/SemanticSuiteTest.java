package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.geometry.LabelMap;
import dev.visionllm.image.Raster;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SemanticSuiteTest {
  @TempDir Path dir;

  /** Right where there is something; on the rest it says bus, which must not matter. */
  private record Seeing() implements FakeSubject {
    @Override
    public LabelMap semantic(Raster picture, List<String> classes) {
      var labels = FakeSubject.everywhere(picture, classes.indexOf("bus")).labels();
      for (int i = 0; i < labels.length; i++) {
        int colour = picture.pixel(i % picture.width(), i / picture.width());
        for (var name : classes) {
          labels[i] = TinyWorld.COLOURS.get(name) == colour ? classes.indexOf(name) : labels[i];
        }
      }
      return new LabelMap(picture.width(), picture.height(), labels);
    }
  }

  /** Says the same everywhere. */
  private record Stuck(String name) implements FakeSubject {
    @Override
    public LabelMap semantic(Raster picture, List<String> classes) {
      return FakeSubject.everywhere(picture, classes.indexOf(name)); // NONE if it is no class
    }
  }

  private TinyWorld world() throws IOException {
    var world = TinyWorld.write(dir);
    world.gray("semantic/a.png", Map.of(TinyWorld.DOG_OF_A, 1, TinyWorld.CAT_OF_A, 2));
    world.gray("semantic/b.png", Map.of(TinyWorld.DOG_OF_B, 1));
    return world;
  }

  @Test
  void pixelsAreScored() throws IOException {
    var world = world();
    assertThat(world.run(Suite.SEMANTIC, new Seeing()))
        .containsEntry("mIoU", 1.0)
        .containsEntry("mAcc", 1.0)
        .containsEntry("aAcc", 1.0)
        .containsEntry("classes", 2.0);
    assertThat(world.run(Suite.SEMANTIC, new Stuck("nothing")))
        .containsEntry("mIoU", 0.0)
        .containsEntry("mAcc", 0.0)
        .containsEntry("aAcc", 0.0);
    // 300 pixels count, 200 of them dog
    var rows = world.run(Suite.SEMANTIC, new Stuck("dog"));
    assertThat(rows.get("mIoU")).isCloseTo((200.0 / 300 + 0) / 2, within(1e-12));
    assertThat(rows).containsEntry("mAcc", .5);
    assertThat(rows.get("aAcc")).isCloseTo(200.0 / 300, within(1e-12));
    // a class that is only said has an IoU of 0 and no accuracy
    var bus = world.run(Suite.SEMANTIC, new Stuck("bus"));
    assertThat(bus).containsEntry("mIoU", 0.0).containsEntry("mAcc", 0.0);
  }

  @Test
  void badMapsAreNamed() throws IOException {
    var world = TinyWorld.write(dir);
    assertThatThrownBy(() -> Suite.SEMANTIC.open(world.open()))
        .isInstanceOf(MissingData.class)
        .hasMessageContaining("has no semantic");
    world.gray("semantic/a.png", Map.of());
    assertThatThrownBy(() -> Suite.SEMANTIC.open(world.open()))
        .hasMessageContaining("semantic/ has no map of picture")
        .hasMessageContaining("b.png");
    world.gray("semantic/b.png", Map.of(TinyWorld.DOG_OF_B, 4));
    assertThatThrownBy(() -> world.run(Suite.SEMANTIC, new Seeing()))
        .hasMessageContaining("b.png")
        .hasMessageContaining("value 4, expected 0 to 3");
  }
}

package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.image.Raster;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.result.Detection;
import dev.visionllm.result.Segment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerationSuiteTest {
  @TempDir Path dir;

  private record Painting(Function<String, Raster> paints, List<Long> seeds)
      implements FakeSubject {
    @Override
    public Raster generate(String caption, long seed, int steps) {
      assertThat(steps).isEqualTo(5);
      seeds.add(seed);
      return paints.apply(caption);
    }

    @Override
    public String say(Prompt prompt) {
      assertThat(prompt.images()).isEmpty();
      return prompt.text().contains("cats") ? "Here it is [GEN]." : "dog[DET].";
    }

    @Override
    public List<Detection> detect(Raster picture, List<String> classes, double threshold) {
      assertThat(threshold).isEqualTo(.3);
      return TinyWorld.see(picture, classes).stream().map(Segment::detection).toList();
    }
  }

  private TinyWorld world() throws IOException {
    var world = TinyWorld.write(dir);
    world.file(
        "captions.json",
        """
        {"images": [{"id": 1, "file_name": "images/a.png", "width": 32, "height": 32},
                    {"id": 2, "file_name": "images/b.png", "width": 32, "height": 32}],
         "annotations": [{"id": 40, "image_id": 1, "caption": "A dog and some cats."},
                         {"id": 41, "image_id": 1, "caption": "A dog."},
                         {"id": 50, "image_id": 2, "caption": "All is gray."},
                         {"id": 51, "image_id": 2, "caption": "One dog."}]}
        """);
    return world;
  }

  @Test
  void picturesAreScored() throws IOException {
    var world = world();
    var perfect =
        new Painting(c -> c.contains("cats") ? TinyWorld.a() : TinyWorld.b(), new ArrayList<>());
    assertThat(world.run(Suite.GENERATION, perfect))
        .containsEntry("pictures with all named objects", 1.0)
        .containsEntry("named objects found", 1.0)
        .containsEntry("real pictures with all named objects", 1.0)
        .containsEntry("asked in free words: [GEN] called", .5)
        .containsEntry("named objects", 3.0)
        .containsEntry("captions", 2.0);
    assertThat(perfect.seeds).containsExactly(40L, 51L);
    assertThat(world.run(Suite.GENERATION, new Painting(c -> TinyWorld.blank(), new ArrayList<>())))
        .containsEntry("pictures with all named objects", 0.0)
        .containsEntry("named objects found", 0.0)
        .containsEntry("real pictures with all named objects", 1.0);
    // always a dog: the cat is missing in one of two pictures
    var rows = world.run(Suite.GENERATION, new Painting(c -> TinyWorld.b(), new ArrayList<>()));
    assertThat(rows).containsEntry("pictures with all named objects", .5);
    assertThat(rows.get("named objects found")).isCloseTo(2 / 3.0, within(1e-12));
  }

  @Test
  void missingDataIsNamed() throws IOException {
    var world = TinyWorld.write(dir);
    assertThatThrownBy(() -> Suite.GENERATION.open(world.open()))
        .isInstanceOf(MissingData.class)
        .hasMessageContaining("has no captions.json");
    world.file("captions.json", "{\"images\": [], \"annotations\": []}");
    assertThatThrownBy(() -> Suite.GENERATION.open(world.open()))
        .hasMessageContaining("nothing for suite generation");
  }
}

package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.geometry.Box;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.result.Detection;
import dev.visionllm.result.Segment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EditingSuiteTest {
  private static final Box HERE = TinyWorld.DOG_OF_B;
  private static final Box THERE = new Box(20, 20, 30, 30);
  private static final Box ALL = new Box(0, 0, TinyWorld.SIDE, TinyWorld.SIDE);
  private static final List<String> KINDS =
      List.of("add", "remove", "replace", "recolour", "move", "background", "style");

  @TempDir Path dir;
  private TinyWorld world;
  private final Map<String, Raster> after = new HashMap<>();

  private record Editing(BiFunction<Raster, String, Raster> edits) implements FakeSubject {
    @Override
    public Raster edit(Raster picture, String instruction, long seed, int steps) {
      assertThat(seed).isEqualTo(KINDS.indexOf(instruction));
      return edits.apply(picture, instruction);
    }

    @Override
    public String say(Prompt prompt) {
      assertThat(prompt.images()).hasSize(1);
      return prompt.text().contains("style") ? "Nothing but words." : "The new picture: [EDIT].";
    }

    @Override
    public List<Detection> detect(Raster picture, List<String> classes, double threshold) {
      return TinyWorld.see(picture, classes).stream().map(Segment::detection).toList();
    }
  }

  @BeforeEach
  void write() throws IOException {
    world = TinyWorld.write(dir);
    var dog = TinyWorld.b();
    var cat = TinyWorld.drawn(Map.of(HERE, "cat"));
    var box = "\"class\": \"dog\", \"box\": [8, 8, 18, 18]";
    edit("add", TinyWorld.blank(), dog, HERE, box);
    edit("remove", dog, TinyWorld.blank(), HERE, box);
    edit("replace", dog, cat, HERE, box + ", \"with\": \"cat\"");
    edit("recolour", dog, cat, HERE, box + ", \"colour\": \"green\"");
    var moved = TinyWorld.drawn(Map.of(THERE, "dog"));
    edit("move", dog, moved, ALL, box + ", \"to_box\": [20, 20, 30, 30]");
    edit("background", dog, TinyWorld.drawn(Map.of(ALL, "bus")), ALL, "\"colour\": \"blue\"");
    edit("style", dog, TinyWorld.drawn(Map.of(ALL, "cat")), ALL, "\"style\": \"green\"");
    var list = new StringBuilder();
    for (var kind : KINDS) {
      list.append(list.isEmpty() ? "" : ", ").append("[\"" + kind + "\", [0]]");
    }
    world.file("edits/seeds.json", "[" + list + "]");
  }

  private void edit(String kind, Raster before, Raster afterwards, Box mask, String change)
      throws IOException {
    world.gray("edits/" + kind + "/0_mask.png", Map.of(mask, 255));
    ImageFiles.writePng(before, dir.resolve("edits/" + kind + "/0_0.png"));
    ImageFiles.writePng(afterwards, dir.resolve("edits/" + kind + "/0_1.png"));
    world.file(
        "edits/" + kind + "/prompt.json",
        """
        {"input": "i", "edit": "%s", "output": "o", "change": {"kind": "%s", %s}}
        """
            .formatted(kind, kind, change));
    after.put(kind, afterwards);
  }

  @Test
  void changesAreScored() throws IOException {
    var perfect = world.run(Suite.EDITING, new Editing((p, told) -> after.get(told)));
    assertThat(perfect)
        .containsEntry("edits done", 1.0)
        .containsEntry("true pictures that pass", 1.0)
        .containsEntry("PSNR outside of the change, dB", 100.0)
        .containsEntry("asked in free words: [EDIT] called", 6 / 7.0);
    KINDS.forEach(
        k -> assertThat(perfect).containsEntry(k + " done", 1.0).containsEntry(k + " edits", 1.0));
    // nothing is changed
    var idle = world.run(Suite.EDITING, new Editing((p, told) -> p));
    assertThat(idle)
        .containsEntry("edits done", 0.0)
        .containsEntry("true pictures that pass", 1.0)
        .containsEntry("PSNR outside of the change, dB", 100.0);
    // all turns to a gray that is 16 brighter than the background
    var gray = Raster.filled(TinyWorld.SIDE, TinyWorld.SIDE, 0x909090);
    var rows = world.run(Suite.EDITING, new Editing((p, told) -> gray));
    assertThat(rows)
        .containsEntry("add done", 0.0)
        .containsEntry("remove done", 1.0)
        .containsEntry("replace done", 0.0)
        .containsEntry("move done", 0.0);
    assertThat(rows.get("PSNR outside of the change, dB")) // four edits have pixels outside
        .isCloseTo(10 * Math.log10(255 * 255 / (16.0 * 16)), within(1e-9));
  }

  @Test
  void picturesOfAnotherSizeAreCompared() throws IOException {
    var small = new Editing((p, told) -> Raster.filled(24, 16, 0x808080));
    assertThat(world.run(Suite.EDITING, small)).containsEntry("remove done", 1.0);
  }

  @Test
  void badDataIsNamed() throws IOException {
    Path prompt = dir.resolve("edits/add/prompt.json");
    var good = Files.readString(prompt);
    var idle = new Editing((p, told) -> p);
    Files.writeString(prompt, good.replace("\"kind\": \"add\"", "\"kind\": \"tilt\""));
    assertThatThrownBy(() -> world.run(Suite.EDITING, idle))
        .hasMessageContaining("add/0")
        .hasMessageContaining("kind of edit 'tilt' is none of add, remove");
    Files.writeString(prompt, good.replace("\"change\"", "\"changed\""));
    assertThatThrownBy(() -> world.run(Suite.EDITING, idle))
        .hasMessageContaining("add/0")
        .hasMessageContaining("no \"change\"");
    Files.writeString(prompt, good.replace("[8, 8, 18, 18]", "[8, 8]"));
    assertThatThrownBy(() -> world.run(Suite.EDITING, idle))
        .hasMessageContaining("change.box is not [x0, y0, x1, y1]");
    Files.writeString(prompt, good);
    Files.delete(dir.resolve("edits/add/0_mask.png"));
    assertThatThrownBy(() -> world.run(Suite.EDITING, idle)).hasMessageContaining("0_mask.png");
    Files.delete(dir.resolve("edits/seeds.json"));
    assertThatThrownBy(() -> Suite.EDITING.open(world.open()))
        .isInstanceOf(MissingData.class)
        .hasMessageContaining("has no edits/seeds.json");
  }
}

package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import java.awt.Color;
import java.awt.geom.Rectangle2D;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

class EditsTest {
  private static final List<EditKind> ALL = List.of(EditKind.values());

  @TempDir Path temp;

  private Edits edits(long seed, List<EditKind> kinds) throws IOException {
    return new Edits(Shapes.scenes(temp, Edits.settings(96), seed), ClassList.nano(), kinds);
  }

  @ParameterizedTest
  @EnumSource(EditKind.class)
  void picturesAreEqualOutsideTheMaskAndDifferWithin(EditKind kind) throws Exception {
    Edits edits = edits(3, List.of(kind));
    for (int i = 0; i < 25; i++) {
      Edit e = edits.edit(i);
      int masked = 0;
      int differ = 0;
      for (int at = 0; at < e.mask().length; at++) {
        if (!e.mask()[at]) assertThat(e.after()[at]).isEqualTo(e.before()[at]);
        masked += e.mask()[at] ? 1 : 0;
        differ += e.before()[at] != e.after()[at] ? 1 : 0;
      }
      assertThat(differ).isGreaterThan(masked / 3).isGreaterThan(20);
      assertThat(e.kind()).isEqualTo(kind);
      assertThat(e.change().get("kind").asString()).isEqualTo(kind.word());
      assertThat(e.instruction()).isNotBlank().doesNotContain("{");
      assertThat(e.output()).isNotBlank().isNotEqualTo(e.input());
      switch (kind) {
        case STYLE -> assertThat(masked).isEqualTo(e.mask().length);
        case BACKGROUND -> assertThat(masked).isBetween(e.mask().length / 4, e.mask().length);
        case ADD, REMOVE, REPLACE, RECOLOUR, MOVE -> {
          assertThat(masked).isLessThan(e.mask().length * 3 / 4);
          assertThat(inside(e, "box")).as("the mask is in the boxes").isTrue();
        }
      }
    }
  }

  /** Whether the mask is in the boxes of the change, but for faint pixels at the objects' edges. */
  private static boolean inside(Edit e, String name) {
    int rim = 3;
    for (int at = 0; at < e.mask().length; at++) {
      if (!e.mask()[at]) continue;
      int x = at % e.width();
      int y = at / e.width();
      boolean found = false;
      for (String box : List.of(name, "with_box", "to_box")) {
        JsonNode b = e.change().get(box);
        found |=
            b != null
                && x >= b.get(0).asInt() - rim
                && y >= b.get(1).asInt() - rim
                && x < b.get(2).asInt() + rim
                && y < b.get(3).asInt() + rim;
      }
      if (!found) return false;
    }
    return true;
  }

  @Test
  void textsSayWhatChanges() throws Exception {
    Edit add = edits(1, List.of(EditKind.ADD)).edit(0);
    String name = add.change().get("class").asString();
    assertThat(add.instruction()).contains(name);
    assertThat(add.input()).doesNotContain(name);
    assertThat(add.output()).contains(name);
    Edit remove = edits(1, List.of(EditKind.REMOVE)).edit(0);
    assertThat(remove.input()).contains(remove.change().get("class").asString());
    assertThat(remove.output()).doesNotContain(remove.change().get("class").asString());
    Edit replace = edits(1, List.of(EditKind.REPLACE)).edit(0);
    assertThat(replace.instruction())
        .contains(replace.change().get("class").asString())
        .contains(replace.change().get("with").asString());
    assertThat(replace.output()).contains(replace.change().get("with").asString());
    Edit recolour = edits(1, List.of(EditKind.RECOLOUR)).edit(0);
    assertThat(recolour.instruction()).contains(recolour.change().get("colour").asString());
    assertThat(recolour.input()).contains(recolour.change().get("was").asString());
    assertThat(recolour.output()).contains(recolour.change().get("colour").asString());
    Edit background = edits(1, List.of(EditKind.BACKGROUND)).edit(0);
    assertThat(background.output())
        .isEqualTo(
            background.input()
                + " on a "
                + background.change().get("pattern").asString()
                + " "
                + background.change().get("colour").asString()
                + " background");
  }

  @Test
  void aMoveGoesWhereItSays() throws Exception {
    Edits edits = edits(9, List.of(EditKind.MOVE));
    for (int i = 0; i < 40; i++) {
      JsonNode c = edits.edit(i).change();
      int dx = c.get("to_box").get(0).asInt() - c.get("box").get(0).asInt();
      int dy = c.get("to_box").get(1).asInt() - c.get("box").get(1).asInt();
      int way =
          switch (c.get("direction").asString()) {
            case "to the left" -> -dx;
            case "to the right" -> dx;
            case "up" -> -dy;
            default -> dy;
          };
      assertThat(way).isGreaterThan(96 / 5);
    }
  }

  @Test
  void recolouredObjectsHaveTheColour() throws Exception {
    Edits edits = edits(4, List.of(EditKind.RECOLOUR));
    for (int i = 0; i < 25; i++) {
      Edit e = edits.edit(i);
      int[] counts = new int[Colour.values().length];
      int n = 0;
      for (int at = 0; at < e.mask().length; at++) {
        Colour c = e.mask()[at] ? Colour.of(e.after()[at]) : null;
        n += e.mask()[at] ? 1 : 0;
        if (c != null) counts[c.ordinal()]++;
      }
      Colour now = Colour.valueOf(e.change().get("colour").asString().toUpperCase(Locale.ROOT));
      assertThat(counts[now.ordinal()]).isGreaterThan(n * 2 / 5);
    }
  }

  @Test
  void allKindsComeAboutEquallyOften() throws Exception {
    Edits edits = edits(2, ALL);
    Map<EditKind, Integer> counts = new EnumMap<>(EditKind.class);
    for (int i = 0; i < 140; i++) counts.merge(edits.edit(i).kind(), 1, Integer::sum);
    assertThat(counts.values()).hasSize(7).allMatch(n -> n >= 8 && n <= 40);
  }

  @Test
  void filesHaveTheLayoutAndDependOnTheSeedAlone() throws Exception {
    new EditWriter(edits(5, ALL)).write(temp.resolve("one"), 12, 1, n -> {});
    new EditWriter(edits(5, ALL)).write(temp.resolve("three"), 12, 3, n -> {});
    EditDataset data = EditDataset.open(temp.resolve("one/edits"), Problems.refuse());
    assertThat(data.samples()).hasSize(12);
    Edits same = edits(5, ALL);
    for (EditDataset.Sample s : data.samples()) {
      EditDataset.Edit read = data.read(s);
      Edit e = same.edit(Long.parseLong(s.seed()));
      assertThat(read.instruction()).isEqualTo(e.instruction());
      assertThat(read.change()).isEqualTo(e.change());
      assertThat(pixels(read.before())).containsExactly(e.before());
      assertThat(pixels(read.after())).containsExactly(e.after());
      int[] mask = pixels(read.mask());
      assertThat(
              IntStream.range(0, mask.length)
                  .allMatch(i -> mask[i] == (e.mask()[i] ? 0xffffff : 0)))
          .isTrue();
      for (Path file : List.of(read.before(), read.after(), read.mask())) {
        Path other = temp.resolve("three").resolve(temp.resolve("one").relativize(file));
        assertThat(Files.mismatch(file, other)).isEqualTo(-1);
      }
    }
    for (String file : List.of("seeds.json", "0000007/prompt.json")) {
      assertThat(temp.resolve("three/edits").resolve(file))
          .hasSameTextualContentAs(temp.resolve("one/edits").resolve(file));
    }
    assertThat(edits(6, ALL).edit(0).before()).isNotEqualTo(same.edit(0).before());
  }

  private static int[] pixels(Path file) throws IOException {
    Raster r = ImageFiles.read(file);
    return IntStream.range(0, r.width() * r.height())
        .map(i -> r.pixel(i % r.width(), i / r.width()))
        .toArray();
  }

  @Test
  void everyKindHasSeveralWordings() {
    Phrases phrases = Phrases.builtIn("edits.txt");
    assertThat(phrases.keys()).hasSize(EditKind.values().length - 1 + Style.values().length);
    for (String key : phrases.keys()) {
      assertThat(phrases.all(key)).hasSizeGreaterThan(5).doesNotHaveDuplicates();
    }
  }

  @Test
  void whatCannotBeMadeIsRefusedInOneLine() throws Exception {
    Path one = Files.createDirectories(temp.resolve("one_class"));
    Shapes.png(one.resolve("hat.png"), Color.BLACK, new Rectangle2D.Double(8, 8, 48, 48));
    Scenes scenes =
        new Scenes(Cutouts.load(List.of(one), 64), Backgrounds.DRAWN, Edits.settings(64), 1);
    for (EditKind kind : List.of(EditKind.REPLACE, EditKind.RECOLOUR)) {
      Edits edits = new Edits(scenes, ClassList.nano(), List.of(kind));
      assertThatThrownBy(() -> new EditWriter(edits).write(temp.resolve("x"), 3, 2, n -> {}))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("kind " + kind.word());
    }
    assertThat(temp.resolve("x/edits/seeds.json")).doesNotExist();
    EditWriter writer = new EditWriter(edits(1, ALL));
    assertThatThrownBy(() -> writer.write(temp, 1, 1, n -> {})).hasMessageContaining("not empty");
    assertThatThrownBy(() -> writer.write(temp.resolve("y"), 0, 1, n -> {}))
        .hasMessageContaining("0 is not positive");
    assertThatThrownBy(() -> EditKind.of("explode")).hasMessageContaining("explode");
  }
}

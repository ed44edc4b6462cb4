package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.data.IndexMapDataset.Values;
import dev.visionllm.geometry.LabelMap;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IndexMapDatasetTest {
  @TempDir Path dir;
  private Path pictures;
  private Path maps;

  @BeforeEach
  void folders() throws Exception {
    pictures = Files.createDirectories(dir.resolve("images"));
    maps = Files.createDirectories(dir.resolve("semantic"));
    HandMade.bytes(pictures.resolve("a.png"), HandMade.png(4, 1));
  }

  private IndexMapDataset open(Values values, int classes) throws Exception {
    return IndexMapDataset.open(maps, pictures, values, classes, Problems.refuse());
  }

  @Test
  void valuesAreClassesFromOneOrSalience() throws Exception {
    HandMade.bytes(maps.resolve("a.png"), HandMade.gray(0, 1, 3, 255));
    IndexMapDataset classes = open(Values.CLASSES, 0);
    assertThat(classes.samples())
        .containsExactly(
            new IndexMapDataset.Sample(pictures.resolve("a.png"), maps.resolve("a.png")));
    assertThat(classes.read(classes.samples().get(0)))
        .isEqualTo(new LabelMap(4, 1, new int[] {-1, 0, 2, 254}));
    HandMade.bytes(maps.resolve("a.png"), HandMade.gray(0, 255, 0, 255));
    IndexMapDataset salient = open(Values.SALIENCY, 0);
    assertThat(salient.read(salient.samples().get(0)))
        .isEqualTo(new LabelMap(4, 1, new int[] {-1, 0, -1, 0}));
  }

  @Test
  void valuesWithoutMeaningAreNamedByPixel() throws Exception {
    HandMade.bytes(maps.resolve("a.png"), HandMade.gray(0, 1, 3, 2));
    IndexMapDataset two = open(Values.CLASSES, 2);
    assertThatThrownBy(() -> two.read(two.samples().get(0)))
        .isInstanceOf(BrokenSample.class)
        .hasMessageContaining(
            "semantic: a.png: the pixel in column 2, row 0 of a.png has the value 3, expected 0 to"
                + " 2");
    IndexMapDataset salient = open(Values.SALIENCY, 0);
    assertThatThrownBy(() -> salient.read(salient.samples().get(0)))
        .hasMessageContaining("has the value 1, expected 0 or 255");
  }

  @Test
  void masksOfThreeChannelsAndMapsWithoutPictureAreRefused() throws Exception {
    HandMade.bytes(maps.resolve("a.png"), HandMade.png(4, 1));
    IndexMapDataset data = open(Values.CLASSES, 2);
    assertThatThrownBy(() -> data.read(data.samples().get(0)))
        .isInstanceOf(BrokenSample.class)
        .hasMessageContaining("semantic: a.png: ")
        .hasMessageContaining("has 3 channels, expected 1");
    HandMade.bytes(maps.resolve("b.png"), HandMade.gray(0));
    assertThatThrownBy(() -> open(Values.CLASSES, 2))
        .hasMessageContaining("semantic: b.png: has no picture b.* in " + pictures);
  }
}

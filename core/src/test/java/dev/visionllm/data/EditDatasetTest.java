package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

class EditDatasetTest {
  @TempDir Path dir;
  private Path home;

  @BeforeEach
  void edits() throws Exception {
    home = dir.resolve("0001");
    HandMade.text(dir.resolve("seeds.json"), "[['0001',[5,'6']]]");
    HandMade.text(
        home.resolve("prompt.json"),
        "{'input':'a dog','edit':'make it a cat','output':'a cat','change':{'kind':'replace'}}");
    for (String name : new String[] {"5_0.png", "5_1.png", "6_0.jpg", "6_1.jpg"}) {
      HandMade.bytes(home.resolve(name), HandMade.png(2, 2));
    }
    HandMade.bytes(home.resolve("5_mask.png"), HandMade.gray(0, 255));
  }

  @Test
  void editsAreRead() throws Exception {
    EditDataset data = EditDataset.open(dir, Problems.refuse());
    assertThat(data.samples())
        .containsExactly(new EditDataset.Sample("0001", "5"), new EditDataset.Sample("0001", "6"));
    assertThat(data.read(data.samples().get(0)))
        .isEqualTo(
            new EditDataset.Edit(
                home.resolve("5_0.png"),
                home.resolve("5_1.png"),
                home.resolve("5_mask.png"),
                "a dog",
                "make it a cat",
                "a cat",
                JsonMapper.shared().readTree("{\"kind\":\"replace\"}")));
    assertThat(data.read(data.samples().get(1)))
        .matches(e -> e.mask() == null && e.after().equals(home.resolve("6_1.jpg")));
  }

  @Test
  void missingPartsAreNamedBySample() throws Exception {
    EditDataset data = EditDataset.open(dir, Problems.refuse());
    Files.delete(home.resolve("6_1.jpg"));
    assertThatThrownBy(() -> data.read(data.samples().get(1)))
        .isInstanceOf(BrokenSample.class)
        .hasMessageContaining(dir + ": 0001/6: there is no picture 6_1.png or .jpg");
    HandMade.text(home.resolve("prompt.json"), "{'input':'a dog','output':'a cat'}");
    assertThatThrownBy(() -> data.read(data.samples().get(0)))
        .hasMessageContaining("0001/5: there is no edit");
    Files.delete(home.resolve("prompt.json"));
    assertThatThrownBy(() -> data.read(data.samples().get(0)))
        .hasMessageContaining("0001/5: there is no file ");
  }

  @Test
  void damagedListsAreNamedByEntry() throws Exception {
    HandMade.text(
        dir.resolve("seeds.json"), "[['0001',[]],['0001',[5,5]],['../x',[1]],7,['0001',[1.5]]]");
    Problems problems = Problems.skip();
    assertThat(EditDataset.open(dir, problems).samples()).hasSize(1);
    assertThat(problems.first(9))
        .extracting(p -> p.at() + ": " + p.message())
        .satisfiesExactly(
            p -> assertThat(p).startsWith("[0]: not of the form [folder, [seed, ...]]"),
            p -> assertThat(p).isEqualTo("[1] (0001/5): repeats a folder and seed"),
            p -> assertThat(p).startsWith("[2] (../x/1): '../x/1' is no name of something below"),
            p -> assertThat(p).isEqualTo("[3]: not of the form [folder, [seed, ...]]: 7"),
            p -> assertThat(p).startsWith("[4]: not of the form"));
  }
}

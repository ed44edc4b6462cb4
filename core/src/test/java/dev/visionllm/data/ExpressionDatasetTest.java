package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.data.ExpressionDataset.Reference;
import dev.visionllm.data.ExpressionDataset.Sentence;
import dev.visionllm.geometry.Box;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExpressionDatasetTest {
  @TempDir Path dir;

  private static final CocoDataset OBJECTS =
      new CocoDataset(
          List.of(new CocoDataset.Picture(3, "a.png", 20, 10)),
          List.of(
              new CocoDataset.Annotation(7, 3, 1, new Box(0, 0, 2, 2), 4, false, null, 1, null)),
          List.of(new CocoDataset.Category(1, "dog", "")));

  private static final String SENTENCE =
      "{'sent_id':11,'raw':'The left dog!','sent':'the left dog','tokens':['the','left','dog']}";

  private static String reference(
      int id, int annotation, int image, int category, String sentences) {
    return "{'ref_id':%d,'ann_id':%d,'image_id':%d,'file_name':'a_7.png','category_id':%d,'split':'val','sentences':[%s]}"
        .formatted(id, annotation, image, category, sentences);
  }

  @Test
  void referencesAreRead() throws Exception {
    Path file =
        HandMade.text(dir.resolve("refs.json"), "[" + reference(2, 7, 3, 1, SENTENCE) + "]");
    assertThat(ExpressionDataset.read(file, OBJECTS, Problems.refuse()).references())
        .containsExactly(
            new Reference(
                2,
                7,
                3,
                "a_7.png",
                1,
                "val",
                List.of(
                    new Sentence(
                        11, "The left dog!", "the left dog", List.of("the", "left", "dog")))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "8,3,1| names ann_id 8, which is not in the annotations",
        "7,4,1| image_id is 4, but annotation 7 has 3",
        "7,3,2| category_id is 2, but annotation 7 has 1",
      })
  void wrongObjectsAreNamed(String ids, String message) throws Exception {
    String[] id = ids.split(",");
    Path file =
        HandMade.text(
            dir.resolve("refs.json"),
            "["
                + reference(
                    2,
                    Integer.parseInt(id[0]),
                    Integer.parseInt(id[1]),
                    Integer.parseInt(id[2]),
                    SENTENCE)
                + "]");
    assertThatThrownBy(() -> ExpressionDataset.read(file, OBJECTS, Problems.refuse()))
        .isInstanceOf(BrokenSample.class)
        .hasMessageContaining("refs.json: [0] (ref_id 2): " + message);
  }

  @Test
  void missingSentencesAndRepeatedIdsAreNamed() throws Exception {
    Problems problems = Problems.skip();
    Path file =
        HandMade.text(
            dir.resolve("refs.json"),
            "["
                + String.join(
                    ",",
                    reference(2, 7, 3, 1, SENTENCE),
                    reference(2, 7, 3, 1, SENTENCE.replace("11", "12")),
                    reference(3, 7, 3, 1, SENTENCE),
                    reference(4, 7, 3, 1, ""),
                    reference(5, 7, 3, 1, "{'sent_id':13,'raw':'x','sent':'x','tokens':[1]}"))
                + "]");
    assertThat(ExpressionDataset.read(file, OBJECTS, problems).references()).hasSize(1);
    assertThat(problems.first(9))
        .extracting(p -> p.at() + ": " + p.message())
        .containsExactly(
            "[1] (ref_id 2): repeats the ref_id 2: it must be unique",
            "[2] (ref_id 3): repeats the sent_id 11: it must be unique",
            "[3] (ref_id 4): sentences is empty: at least one names the object",
            "[4] (ref_id 5): tokens is not a list of texts: [1]");
  }
}

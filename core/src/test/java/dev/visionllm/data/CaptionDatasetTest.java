package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.data.CaptionDataset.Caption;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptionDatasetTest {
  @TempDir Path dir;

  @Test
  void captionsAreReadAndBrokenOnesAreLeftOut() throws Exception {
    Path file =
        HandMade.text(
            dir.resolve("captions.json"),
            "{'annotations':[{'id':1,'image_id':5,'caption':'A"
                + " dog.'},{'id':2,'image_id':5,'caption':'"
                + " '},{'id':1,'image_id':5,'caption':'x'},{'id':4,'image_id':6,'caption':'x'},7,{'id':8,'image_id':5,'caption':'Its"
                + " tail.'}],'images':[{'id':5,'file_name':'a.png','width':20,'height':10}]}");
    Problems problems = Problems.skip();
    CaptionDataset data = CaptionDataset.read(file, problems);
    assertThat(data.captions())
        .containsExactly(new Caption(1, 5, "A dog."), new Caption(8, 5, "Its tail."));
    assertThat(data.pictures()).hasSize(1);
    assertThat(problems.first(9))
        .extracting(p -> p.at() + ": " + p.message())
        .containsExactly(
            "annotations[1] (id 2): there is no caption",
            "annotations[2] (id 1): repeats the id 1: ids must be unique in annotations",
            "annotations[3] (id 4): names image_id 6, which is not in images",
            "annotations[4]: not a JSON object: 7");
  }

  @Test
  void damagedJsonIsNamedByLine() throws Exception {
    Problems problems = Problems.skip();
    CaptionDataset.read(
        HandMade.text(dir.resolve("a.json"), "{'images':[],\n'annotations':["), problems);
    CaptionDataset.read(
        HandMade.text(dir.resolve("b.json"), "{'images':[],'annotations':[]}5"), problems);
    CaptionDataset.read(HandMade.text(dir.resolve("c.json"), "{'images':[]}"), problems);
    assertThat(problems.first(9).toString())
        .contains("a.json: line 2, column ")
        .contains("not valid JSON")
        .contains("b.json: more follows")
        .contains("c.json: there is no list 'annotations'");
    assertThat(problems.total()).isEqualTo(3);
  }
}

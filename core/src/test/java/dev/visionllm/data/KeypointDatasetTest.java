package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.Keypoints;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeypointDatasetTest {
  @TempDir Path dir;

  private Path file(String category, String annotation) throws Exception {
    return HandMade.text(
        dir.resolve("keypoints.json"),
        "{'info':{},'images':[{'id':3,'file_name':'a.png','width':20,'height':10}],"
            + "'annotations':[{'id':7,'image_id':3,'category_id':1,'bbox':[1,2,8,6],'area':40,'iscrowd':0"
            + annotation
            + "}],'categories':[{'id':1,'name':'bird'"
            + category
            + "}]}");
  }

  private static final String BIRD =
      ",'supercategory':'animal','keypoints':['beak','tail'],'skeleton':[[1,2]]";

  @Test
  void figuresAndTheirPointsAreRead() throws Exception {
    KeypointDataset data =
        KeypointDataset.read(
            file(BIRD, ",'num_keypoints':1,'keypoints':[2.5,3,2,0,0,0]"), Problems.refuse());
    assertThat(data.pictures()).containsExactly(new CocoDataset.Picture(3, "a.png", 20, 10));
    assertThat(data.figures())
        .containsExactly(
            new KeypointDataset.Figure(
                new CocoDataset.Annotation(7, 3, 1, new Box(1, 2, 9, 8), 40, false, null, 1, null),
                Keypoints.of(2.5, 3, 2, 0, 0, 0)));
    assertThat(data.categories())
        .containsExactly(
            new KeypointDataset.Category(
                new CocoDataset.Category(1, "bird", "animal"),
                new KeypointSet(
                    "bird",
                    List.of("beak", "tail"),
                    List.of(new KeypointSet.Limb(0, 1)),
                    List.of())));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        ",'num_keypoints':1| keypoints is not [x, y, v] for each of the 2 points of bird: nothing",
        ",'num_keypoints':1,'keypoints':[1,1,2]| keypoints is not [x, y, v] for each of the 2"
            + " points of bird: [1,1,2]",
        ",'num_keypoints':1,'keypoints':[1,1,3,0,0,0]| visibility 3: it must be 0, 1 or 2",
        ",'num_keypoints':1,'keypoints':[1,1,1.5,0,0,0]| visibility 1.5: it must be 0, 1 or 2",
        ",'num_keypoints':2,'keypoints':[1,1,2,0,0,0]| num_keypoints is 2, but 1 of its keypoints",
        ",'num_keypoints':1,'keypoints':[40,1,2,0,0,0]| visible keypoint 'beak' at (40.0, 1.0) is"
            + " outside of its picture of 20 x 10",
      })
  void damagedFiguresAreNamed(String annotation, String message) throws Exception {
    Path file = file(BIRD, annotation);
    assertThatThrownBy(() -> KeypointDataset.read(file, Problems.refuse()))
        .isInstanceOf(BrokenSample.class)
        .hasMessageContaining("keypoints.json: annotations[0] (id 7): ")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "''| keypoints is not a list: nothing",
        ",'keypoints':['a',2]| keypoints is not a list of texts",
        ",'keypoints':['a','a']| has the point 'a' twice",
        ",'keypoints':['a','b'],'skeleton':[[0,1]]| skeleton[0] [0,1]: points are counted from 1 to"
            + " 2",
        ",'keypoints':['a','b'],'skeleton':[[1]]| skeleton[0] is not [from, to]",
      })
  void damagedCategoriesAreNamed(String category, String message) throws Exception {
    Path file = file(category.equals("''") ? "" : category, "");
    assertThatThrownBy(() -> KeypointDataset.read(file, Problems.refuse()))
        .isInstanceOf(BrokenSample.class)
        .hasMessageContaining("keypoints.json: categories[0] (id 1): ")
        .hasMessageContaining(message);
  }
}

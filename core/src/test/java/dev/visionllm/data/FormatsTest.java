package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.data.CocoDataset.Annotation;
import dev.visionllm.data.CocoDataset.Segmentation;
import dev.visionllm.data.Dialogue.Region;
import dev.visionllm.data.Dialogue.Role;
import dev.visionllm.data.Dialogue.Turn;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Rle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FormatsTest {
  @TempDir Path temp;

  private static final Rle RLE = new Rle(4, 6, new int[] {3, 2, 19});

  private Path file(String text) throws Exception {
    return Files.writeString(temp.resolve("file.json"), text.replace('\'', '"'));
  }

  @Test
  void instancesAreReadAsWritten() throws Exception {
    CocoDataset data =
        new CocoDataset(
            List.of(
                new CocoDataset.Picture(1, "images/a.png", 6, 4),
                new CocoDataset.Picture(7, "b.png", 6, 4)),
            List.of(
                new Annotation(
                    1,
                    7,
                    3,
                    new Box(0.5, 0, 2.25, 4),
                    2,
                    false,
                    new Segmentation.Runs(RLE),
                    0.75,
                    "red"),
                new Annotation(
                    2,
                    7,
                    3,
                    new Box(0, 0, 6, 4),
                    24,
                    true,
                    new Segmentation.Polygons(List.of(List.of(0., 0., 6., 0., 6., 4.))),
                    1,
                    null),
                new Annotation(3, 1, 4, new Box(0, 0, 1, 1), 1, false, null, 1, null)),
            List.of(
                new CocoDataset.Category(3, "top hat", "clothing"),
                new CocoDataset.Category(4, "dog", "animal")));
    Path file = temp.resolve("instances.json");
    data.write(file);
    assertThat(CocoDataset.read(file)).isEqualTo(data);
    assertThat(data.byPicture().get(7L)).hasSize(2);
    assertThat(data.names()).containsEntry(3L, "top hat");
    assertThat(Files.list(temp)).containsExactly(file);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{'images': [| not valid JSON",
        "[]| no JSON object",
        "{'annotations':[],'categories':[]}| no list 'images'",
        "{'images':[{'id':1,'width':5,'height':5}],'annotations':[],'categories':[]}| images[0] (id"
            + " 1): there is no file_name",
        "{'images':[{'id':1,'file_name':'a','width':0,'height':5}],'annotations':[],'categories':[]}|"
            + " images[0] (id 1): width is not a positive",
        "{'images':[{'id':1.5,'file_name':'a','width':1,'height':5}],'annotations':[],'categories':[]}|"
            + " images[0]: id is not a whole number: 1.5",
        "{'images':[{'id':1,'file_name':'a','width':5,'height':5},{'id':1,'file_name':'b','width':5,'height':5}],'annotations':[],'categories':[]}|"
            + " images[1] (id 1): repeats the id 1",
      })
  void damagedInstancesAreNamed(String json, String message) throws Exception {
    Path file = file(json);
    assertThatThrownBy(() -> CocoDataset.read(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("file.json")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "'id':1,'image_id':9,'category_id':1,'bbox':[0,0,1,1]| image_id 9, which is not in images",
        "'id':1,'image_id':1,'category_id':9,'bbox':[0,0,1,1]| category_id 9, which is not in"
            + " categories",
        "'id':1,'image_id':1,'category_id':1,'bbox':[0,0,1]| bbox is not [x, y, width, height]",
        "'id':1,'image_id':1,'category_id':1,'bbox':[0,0,-1,1]| bbox [0,0,-1,1] has no area: width"
            + " and height must be positive",
        "'id':1,'image_id':1,'category_id':1,'bbox':[0,0,1,'a']| not a finite number",
        "'id':1,'image_id':1,'category_id':1,'bbox':[0,0,1,1e400]| not a finite number",
        "'id':1,'image_id':1,'category_id':1,'bbox':[0,0,9,1]| leaves its picture of 6 x 4",
        "'id':1,'image_id':1,'category_id':1,'bbox':[0,0,1,1],'segmentation':[[1,2,3]]| at least"
            + " three points",
        "'id':1,'image_id':1,'category_id':1,'bbox':[0,0,1,1],'segmentation':{'size':[4,6],'counts':[1]}|"
            + " damaged",
        "'id':1,'image_id':1,'category_id':1,'bbox':[0,0,1,1],'segmentation':{'size':[4,6],'counts':'~~'}|"
            + " damaged",
        "'id':1,'image_id':1,'category_id':1,'bbox':[0,0,1,1],'segmentation':{'size':[3,3],'counts':[9]}|"
            + " is not its picture's [4, 6]",
        "'id':1,'image_id':1,'category_id':1,'bbox':[0,0,1,1],'visible_fraction':2| not in 0..1",
        "'id':1,'image_id':1,'category_id':1,'bbox':[0,0,1,1],'area':-1| negative",
        "'image_id':1,'category_id':1,'bbox':[0,0,1,1]| annotations[0]: id is not a whole number",
      })
  void damagedAnnotationsAreNamed(String annotation, String message) throws Exception {
    Path file =
        file(
            "{'images':[{'id':1,'file_name':'a','width':6,'height':4}],'categories':[{'id':1,'name':'dog'}],'annotations':[{"
                + annotation
                + "}]}");
    assertThatThrownBy(() -> CocoDataset.read(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("annotations[0]")
        .hasMessageContaining(message);
  }

  private static Dialogue dialogue() {
    return new Dialogue(
        "a-1",
        "images/1.png",
        "recognition",
        List.of(
            new Turn(
                Role.HUMAN, "<image>\nWhat are <region>, <region>, <region> and <region>? \"é\""),
            new Turn(Role.ASSISTANT, "dog")),
        List.of(
            new Region.Box(1, 2, 3.5, 4),
            new Region.Point(0.5, 7),
            new Region.Scribble(List.of(new Region.Point(1, 1), new Region.Point(2, 2))),
            new Region.Mask(RLE)),
        "dog");
  }

  @Test
  void conversationsAreReadAsWritten() throws Exception {
    Dialogue text =
        new Dialogue(
            "2",
            List.of(),
            "",
            List.of(new Turn(Role.HUMAN, "hi"), new Turn(Role.ASSISTANT, "hello")),
            List.of(),
            null);
    String lines = LlavaDataset.line(dialogue()) + "\n\n" + LlavaDataset.line(text) + "\n";
    assertThat(LlavaDataset.read(Files.writeString(temp.resolve("a.jsonl"), lines)))
        .containsExactly(dialogue(), text);
    String array = "\n [" + LlavaDataset.line(dialogue()) + "," + LlavaDataset.line(text) + "]";
    assertThat(LlavaDataset.read(Files.writeString(temp.resolve("a.json"), array)))
        .containsExactly(dialogue(), text);
    assertThat(LlavaDataset.read(Files.writeString(temp.resolve("empty.jsonl"), ""))).isEmpty();
  }

  @Test
  void severalPicturesAreReadAsWritten() throws Exception {
    Dialogue two =
        new Dialogue(
            "3",
            List.of("a.png", "b.png"),
            "",
            List.of(
                new Turn(Role.HUMAN, "<image> <region> is a dog"),
                new Turn(Role.ASSISTANT, "yes"),
                new Turn(Role.HUMAN, "and <image> <region> <region>?"),
                new Turn(Role.ASSISTANT, "a cat")),
            List.of(new Region.Point(1, 2), new Region.Point(3, 4), new Region.Point(5, 6)),
            null);
    Path file = Files.writeString(temp.resolve("mmic.jsonl"), LlavaDataset.line(two));
    assertThat(LlavaDataset.read(file)).containsExactly(two);
    assertThat(two.marked()).containsExactly(0, 1, 1);
    assertThat(dialogue().image()).isEqualTo("images/1.png");
    assertThatThrownBy(two::image)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("dialogue 3 is about 2 pictures, expected at most one");
  }

  @Test
  void llavasOwnRecordsAreRead() throws Exception {
    Path file =
        file(
            "[{'id': 7, 'image': 'x.jpg', 'conversations': [{'from': 'human', 'value': 'What?\\n"
                + "<image>'}, {'from': 'gpt', 'value': 'A dog.'}]}]");
    assertThat(LlavaDataset.read(file))
        .singleElement()
        .satisfies(d -> assertThat(d.id()).isEqualTo("7"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "nonsense| not valid JSON",
        "5| not a JSON object",
        "{'conversations':[]}| id is neither",
        "{'id':'a'}| conversations is not a list",
        "{'id':'a','conversations':[]}| conversations is empty",
        "{'id':'a','conversations':[{'from':'gpt','value':'x'}]}| conversations[0].from is 'gpt'",
        "{'id':'a','conversations':[{'from':'human','value':'x'}]}| no turn of the assistant",
        "{'id':'a','conversations':[{'from':'human','value':'x'},{'from':'gpt','value':'y'},{'from':'human','value':'z'}]}|"
            + " ends without an answer",
        "{'id':'a','conversations':[{'from':'human','value':5},{'from':'gpt','value':'x'}]}|"
            + " conversations[0].value is not text",
        "{'id':'a','image':'i','conversations':[{'from':'human','value':'x'},{'from':'gpt','value':'x'}]}|"
            + " 0 times <image>",
        "{'id':'a','image':'i','conversations':[{'from':'human','value':'<image><image>'},{'from':'gpt','value':'x'}]}|"
            + " 2 times <image>",
        "{'id':'a','conversations':[{'from':'human','value':'<image>'},{'from':'gpt','value':'x'}]}|"
            + " names no image",
        "{'id':'a','image':5,'conversations':[{'from':'human','value':'<image>'},{'from':'gpt','value':'x'}]}|"
            + " image is not text: 5",
        "{'id':'a','image':['i','j'],'conversations':[{'from':'human','value':'<image>'},{'from':'gpt','value':'<image>'}]}|"
            + " 2 times <image> in its turns, expected 2, in turns of the human",
        "{'id':'a','image':['i',5],'conversations':[{'from':'human','value':'<image>'},{'from':'gpt','value':'x'}]}|"
            + " image is not a list of texts",
        "{'id':'a','regions':[{'point':[1,2]}],'conversations':[{'from':'human','value':'<region>'},{'from':'gpt','value':'x'}]}|"
            + " has regions but no image",
        "{'id':'a','conversations':[{'from':'human','value':'<region>'},{'from':'gpt','value':'x'}]}|"
            + " 1 times <region> in its turns but 0",
        "{'id':'a','regions':[{'box':[1,1,1,2]}],'conversations':[{'from':'human','value':'<region>'},{'from':'gpt','value':'x'}]}|"
            + " regions[0].box [1,1,1,2] is empty",
        "{'id':'a','regions':[{'point':[-1,2]}],'conversations':[{'from':'human','value':'<region>'},{'from':'gpt','value':'x'}]}|"
            + " negative coordinate",
        "{'id':'a','regions':[{'scribble':[[1,2]]}],'conversations':[{'from':'human','value':'<region>'},{'from':'gpt','value':'x'}]}|"
            + " at least two points",
        "{'id':'a','regions':[{'circle':[1,2]}],'conversations':[{'from':'human','value':'<region>'},{'from':'gpt','value':'x'}]}|"
            + " none of box, point",
        "{'id':'a','regions':[{'rle':{'size':[2,2],'counts':[1,1]}}],'conversations':[{'from':'human','value':'<region>'},{'from':'gpt','value':'x'}]}|"
            + " damaged",
      })
  void damagedConversationsAreNamed(String json, String message) throws Exception {
    Path file = file("\n" + json);
    assertThatThrownBy(() -> LlavaDataset.read(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("file.json: line 2: ")
        .hasMessageContaining(message);
  }

  @Test
  void repeatedIdsAndBytesThatAreNoTextAreRefused() throws Exception {
    String line = LlavaDataset.line(dialogue());
    Path twice = Files.writeString(temp.resolve("twice.jsonl"), line + "\n" + line);
    assertThatThrownBy(() -> LlavaDataset.read(twice))
        .hasMessageContaining("twice.jsonl: line 2: repeats the id a-1");
    Path bytes =
        Files.write(temp.resolve("bytes.jsonl"), new byte[] {'{', (byte) 0xff, (byte) 0xfe, '}'});
    assertThatThrownBy(() -> LlavaDataset.read(bytes))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not UTF-8");
  }
}

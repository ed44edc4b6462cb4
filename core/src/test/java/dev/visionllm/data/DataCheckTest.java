package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.data.DataCheck.Checked;
import dev.visionllm.data.HandMade.Entry;
import dev.visionllm.image.ImageFiles;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DataCheckTest {
  @TempDir Path dir;

  private final Problems problems = Problems.skip();
  private final List<Integer> progress = new ArrayList<>();

  private List<Checked> check(Path path) throws Exception {
    var options = new DataCheck.Options(null, null, null);
    return new DataCheck(options, problems, (p, done, all) -> progress.add(done)).check(path);
  }

  private List<String> found(Path path) throws Exception {
    check(path);
    return problems.first(99).stream().map(Problem::toString).toList();
  }

  private Path coco(String annotations) throws Exception {
    HandMade.bytes(dir.resolve("images/a.png"), HandMade.png(6, 4));
    return HandMade.text(
        dir.resolve("instances.json"),
        "{'images':[{'id':5,'file_name':'a.png','width':6,'height':4}],'annotations':["
            + annotations
            + "],'categories':[{'id':1,'name':'dog'}]}");
  }

  private static final String GOOD = "{'id':7,'image_id':5,'category_id':1,'bbox':[0,0,2,2]}";

  /** Every format at once, and everything about it is right. */
  @Test
  void aFolderIsCheckedWithEverythingInIt() throws Exception {
    coco(GOOD);
    HandMade.text(
        dir.resolve("captions.json"),
        "{'images':[{'id':5,'file_name':'images/a.png','width':6,'height':4}],'annotations':[{'id':1,'image_id':5,'caption':'A"
            + " dog.'}]}");
    HandMade.text(
        dir.resolve("keypoints.json"),
        "{'images':[{'id':5,'file_name':'a.png','width':6,'height':4}],'categories':[{'id':1,'name':'dog','keypoints':['nose']}],"
            + "'annotations':[{'id':7,'image_id':5,'category_id':1,'bbox':[0,0,2,2],'keypoints':[1,1,2],'num_keypoints':1}]}");
    HandMade.text(
        dir.resolve("refs.json"),
        "[{'ref_id':1,'ann_id':7,'image_id':5,'category_id':1,'file_name':'a.png','split':'train','sentences':[{'sent_id':1,'raw':'dog','sent':'dog','tokens':['dog']}]}]");
    HandMade.text(
        dir.resolve("talk.jsonl"),
        "{'id':1,'image':'images/a.png','regions':[{'box':[0,0,6,4]}],'conversations':[{'from':'human','value':'<image>"
            + " <region>?'},{'from':'gpt','value':'dog'}]}\n");
    HandMade.text(
        dir.resolve("mmic.json"),
        "[{'id':1,'image':['images/a.png','images/a.png'],'regions':[{'box':[0,0,6,4]}],'conversations':[{'from':'human','value':'<image>"
            + " <region> or <image>?'},{'from':'gpt','value':'one'}]}]");
    byte[] mask = HandMade.png(6, 4);
    HandMade.bytes(dir.resolve("semantic/a.png"), gray(6, 4, 1));
    HandMade.bytes(dir.resolve("saliency/a.png"), gray(6, 4, 255));
    HandMade.tar(dir.resolve("s.tar"), List.of(new Entry("a.png", mask), Entry.of("a.txt", "x")));
    HandMade.bytes(dir.resolve("pairs/a.png"), mask);
    HandMade.text(dir.resolve("pairs/a.txt"), "x");
    HandMade.text(dir.resolve("edits/seeds.json"), "[['f',[1]]]");
    HandMade.text(dir.resolve("edits/f/prompt.json"), "{'input':'a','edit':'b','output':'c'}");
    HandMade.bytes(dir.resolve("edits/f/1_0.png"), mask);
    HandMade.bytes(dir.resolve("edits/f/1_1.png"), mask);
    HandMade.bytes(dir.resolve("edits/f/1_mask.png"), gray(6, 4, 255));
    assertThat(found(dir)).isEmpty();
    assertThat(check(dir))
        .extracting(c -> dir.relativize(Path.of(c.path())) + " " + c.format() + " " + c.entries())
        .containsExactly(
            "captions.json coco-captions 1",
            "edits edits 1",
            "instances.json coco 1",
            "keypoints.json coco-keypoints 1",
            "mmic.json llava 1",
            "pairs pairs 1",
            "refs.json refcoco 1",
            "s.tar pairs 1",
            "saliency saliency 1",
            "semantic index-maps 1",
            "talk.jsonl llava 1");
    assertThat(progress).isNotEmpty();
  }

  private static byte[] gray(int width, int height, int value) throws Exception {
    var image = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < width * height; i++) {
      image.getRaster().setSample(i % width, i / width, 0, value);
    }
    return ImageFiles.png(image);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "'image_id':9,'category_id':1,'bbox':[0,0,2,2]| names image_id 9, which is not in images",
        "'image_id':5,'category_id':9,'bbox':[0,0,2,2]| names category_id 9, which is not in"
            + " categories",
        "'image_id':5,'category_id':1,'bbox':[3,0,9,2]| bbox [3,0,9,2] leaves its picture of 6 x 4"
            + " pixels",
        "'image_id':5,'category_id':1,'bbox':[3,0,-2,2]| bbox [3,0,-2,2] has no area: width and"
            + " height must be positive",
        "'image_id':5,'category_id':1,'bbox':[0,0,2,2],'segmentation':{'size':[4,6],'counts':[20]}|"
            + " segmentation is damaged: run-length mask of height 4 and width 6 needs runs of 24"
            + " pixels in all, not 20",
        "'image_id':5,'category_id':1,'bbox':[0,0,2,2],'segmentation':{'size':[5,6],'counts':[30]}|"
            + " segmentation.size [5, 6] is not its picture's [4, 6]",
        "'image_id':5,'category_id':1,'bbox':[0,0,2,2],'iscrowd':2| iscrowd is neither 0 nor 1: 2",
      })
  void brokenAnnotationsAreNamedByFileAndId(String annotation, String message) throws Exception {
    Path file = coco(GOOD + ",{'id':8," + annotation + "}," + GOOD.replace("7", "9"));
    assertThat(found(file)).containsExactly(file + ": annotations[1] (id 8): " + message);
    assertThat(check(file)).extracting(Checked::entries).containsExactly(2L);
  }

  @Test
  void repeatedIdsAreNamed() throws Exception {
    Path file = coco(GOOD + "," + GOOD);
    assertThat(found(file))
        .containsExactly(
            file + ": annotations[1] (id 7): repeats the id 7: ids must be unique in annotations");
  }

  @Test
  void picturesThatCannotBeUsedAreNamedByTheirId() throws Exception {
    HandMade.bytes(dir.resolve("short.png"), HandMade.truncated());
    HandMade.bytes(dir.resolve("small.png"), HandMade.png(2, 2));
    Path file =
        HandMade.text(
            dir.resolve("instances.json"),
            "{'images':[{'id':1,'file_name':'short.png','width':4,'height':4},{'id':2,'file_name':'small.png','width':4,'height':4},"
                + "{'id':3,'file_name':'none.png','width':4,'height':4},{'id':4,'file_name':'../up.png','width':4,'height':4}],"
                + "'annotations':[],'categories':[]}");
    assertThat(found(file))
        .satisfiesExactly(
            p -> assertThat(p).startsWith(file + ": image id 1: ").contains("PNG is truncated"),
            p ->
                assertThat(p)
                    .isEqualTo(
                        file + ": image id 2: picture small.png has 2 x 2 pixels, expected 4 x 4"),
            p -> assertThat(p).startsWith(file + ": image id 3: picture none.png exists neither"),
            p -> assertThat(p).startsWith(file + ": image id 4: '../up.png' is no name"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "'conversations':[]| conversations is empty: it needs a turn of the human and one of the"
            + " assistant",
        "'conversations':[{'from':'human','value':'x'}]| conversations has no turn of the assistant"
            + " (from: gpt), so there is nothing to learn",
        "'conversations':[{'from':'human','value':'x'},{'from':'human','value':'x'},{'from':'gpt','value':'x'}]|"
            + " conversations[1].from is 'human': human and gpt must take turns, human first",
        "'image':'a.png','conversations':[{'from':'human','value':'<image>"
            + " <region>'},{'from':'gpt','value':'x'}]| has 1 times <region> in its turns but 0"
            + " regions",
        "'image':'a.png','conversations':[{'from':'human','value':'what?'},{'from':'gpt','value':'x'}]|"
            + " has 0 times <image> in its turns, expected 1, in the first turn",
        "'image':['a.png','a.png'],'conversations':[{'from':'human','value':'<image>'},{'from':'gpt','value':'x'}]|"
            + " has 1 times <image> in its turns, expected 2, in turns of the human",
        "'image':'a.png','regions':[{'box':[0,0,9,4]}],'conversations':[{'from':'human','value':'<image>"
            + " <region>'},{'from':'gpt','value':'x'}]| region Box[x0=0.0, y0=0.0, x1=9.0, y1=4.0]"
            + " does not fit its picture of 6 x 4 pixels",
        "'image':'a.png','regions':[{'point':[1,5]}],'conversations':[{'from':'human','value':'<image>"
            + " <region>'},{'from':'gpt','value':'x'}]| region Point[x=1.0, y=5.0] does not fit its"
            + " picture of 6 x 4 pixels",
        "'image':'a.png','regions':[{'rle':{'size':[2,2],'counts':[4]}}],'conversations':[{'from':'human','value':'<image>"
            + " <region>'},{'from':'gpt','value':'x'}]| region Mask[rle=Rle[2 x 2, 4]] does not fit"
            + " its picture of 6 x 4 pixels",
        "'image':'b.png','conversations':[{'from':'human','value':'<image>'},{'from':'gpt','value':'x'}]|"
            + " picture b.png exists neither in",
      })
  void brokenConversationsAreNamedByFileAndLine(String record, String message) throws Exception {
    HandMade.bytes(dir.resolve("images/a.png"), HandMade.png(6, 4));
    String good = "'conversations':[{'from':'human','value':'x'},{'from':'gpt','value':'y'}]}\n";
    Path file =
        HandMade.text(
            dir.resolve("talk.jsonl"),
            "{'id':1," + good + "{'id':2," + record + "}\n{'id':3," + good);
    assertThat(found(file)).singleElement().asString().startsWith(file + ": line 2: " + message);
    assertThat(check(file)).extracting(Checked::entries).containsExactly(2L);
  }

  @Test
  void brokenShardsMapsAndEditsAreNamedByEntry() throws Exception {
    Path tar =
        HandMade.tar(
            dir.resolve("s.tar"),
            List.of(
                new Entry("a.png", HandMade.png(2, 2)),
                Entry.of("a.txt", "x"),
                new Entry("b.png", HandMade.truncated()),
                Entry.of("b.txt", "x")));
    Path cut = HandMade.bytes(dir.resolve("t.tar"), "no tar".repeat(200).getBytes("UTF-8"));
    HandMade.bytes(dir.resolve("images/a.png"), HandMade.png(6, 4));
    HandMade.bytes(dir.resolve("images/b.png"), HandMade.png(6, 4));
    Path maps = dir.resolve("semantic");
    HandMade.bytes(maps.resolve("a.png"), HandMade.png(6, 4));
    HandMade.bytes(maps.resolve("b.png"), gray(5, 4, 1));
    Path edits = dir.resolve("edits");
    HandMade.text(edits.resolve("seeds.json"), "[['f',[1]],['g',[1]]]");
    for (String f : List.of("f", "g")) {
      HandMade.text(edits.resolve(f + "/prompt.json"), "{'input':'a','edit':'b','output':'c'}");
      HandMade.bytes(edits.resolve(f + "/1_0.png"), HandMade.png(6, 4));
      HandMade.bytes(edits.resolve(f + "/1_1.png"), HandMade.png(6, f.equals("f") ? 5 : 4));
    }
    HandMade.bytes(edits.resolve("g/1_mask.png"), HandMade.png(6, 4));
    assertThat(found(dir))
        .satisfiesExactly(
            p ->
                assertThat(p)
                    .isEqualTo(edits + ": f/1: the picture after has 6 x 5 pixels, expected 6 x 4"),
            p ->
                assertThat(p)
                    .startsWith(edits + ": g/1: ")
                    .contains("1_mask.png: this mask has 3 channels, expected 1"),
            p -> assertThat(p).startsWith(tar + ": b.png: its picture: the PNG is truncated"),
            p ->
                assertThat(p)
                    .startsWith(maps + ": a.png: ")
                    .contains("this mask has 3 channels, expected 1"),
            p ->
                assertThat(p)
                    .isEqualTo(maps + ": b.png: this map has 5 x 4 pixels, expected 6 x 4"),
            p -> assertThat(p).startsWith(cut + ": not a complete, uncompressed tar archive"));
  }

  @Test
  void whatIsNoDataSetIsSaid() throws Exception {
    Path file = HandMade.text(dir.resolve("a/x.json"), "{'a':1}");
    assertThatThrownBy(() -> check(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(
            "x.json is no data set that is recognised: give its format, one of [coco, ");
    assertThatThrownBy(() -> check(Files.createDirectories(dir.resolve("empty"))))
        .hasMessageContaining("empty is no data set");
    HandMade.text(dir.resolve("a/talk.jsonl"), "");
    Path refs = HandMade.text(dir.resolve("a/refs.json"), "[{'sentences':[]}]");
    assertThat(found(dir.resolve("a")))
        .containsExactly(
            refs
                + ": needs the objects' file "
                + refs.resolveSibling("instances.json")
                + ", which does not exist: name it with --instances",
            file + ": the format is none of " + List.of(DataFormat.values()));
  }
}

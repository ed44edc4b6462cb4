package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.data.HandMade.Entry;
import dev.visionllm.data.PairDataset.Sample;
import dev.visionllm.image.ImageFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PairDatasetTest {
  @TempDir Path dir;

  private static List<Entry> entries() throws Exception {
    return List.of(
        new Entry("0001.png", HandMade.png(3, 2)),
        Entry.of("0001.txt", "A dog.\n"),
        Entry.of("0001.json", "{'caption':'from the page','url':'x'}"),
        Entry.of("0002.json", "{'caption':'Two caf\u00e9s'}"),
        Entry.of("0002.cls", "7"),
        Entry.of("0002.meta.yaml", "x: 1"),
        new Entry("0002.PNG", HandMade.png(5, 4)),
        Entry.of("__readme__.md", "about"));
  }

  private static void assertPairs(Path path) throws Exception {
    try (PairDataset data = PairDataset.open(path, Problems.refuse())) {
      assertThat(data.samples())
          .containsExactly(
              new Sample("0001", "0001.png", "0001.txt"),
              new Sample("0002", "0002.PNG", "0002.json"));
      // any order
      PairDataset.Pair second = data.read(data.samples().get(1));
      PairDataset.Pair first = data.read(data.samples().get(0));
      assertThat(first.caption()).isEqualTo("A dog.");
      assertThat(first.picture()).isEqualTo(ImageFiles.read(HandMade.png(3, 2), ""));
      assertThat(second.caption()).isEqualTo("Two caf\u00e9s");
      assertThat(second.picture().width()).isEqualTo(5);
    }
  }

  @Test
  void shardsAndFoldersHoldTheSamePairs() throws Exception {
    assertPairs(HandMade.tar(dir.resolve("s.tar"), entries()));
    for (Entry e : entries()) HandMade.bytes(dir.resolve("folder").resolve(e.name()), e.bytes());
    assertPairs(dir.resolve("folder"));
  }

  /** WebDataset splits at the first dot; names of photographs may have more of them. */
  @Test
  void endingsFollowTheFirstDotInShardsAndTheLastInFolders() throws Exception {
    List<Entry> names =
        List.of(
            new Entry("v1.2/a.png", HandMade.png(2, 2)),
            new Entry("v1.2/a.seg.png", HandMade.png(2, 2)),
            Entry.of("v1.2/a.txt", "x"));
    try (PairDataset data =
        PairDataset.open(HandMade.tar(dir.resolve("s.tar"), names), Problems.refuse())) {
      assertThat(data.samples()).containsExactly(new Sample("v1.2/a", "v1.2/a.png", "v1.2/a.txt"));
    }
    HandMade.bytes(dir.resolve("folder/a.b.png"), HandMade.png(2, 2));
    HandMade.text(dir.resolve("folder/a.b.txt"), "x");
    try (PairDataset data = PairDataset.open(dir.resolve("folder"), Problems.refuse())) {
      assertThat(data.samples()).containsExactly(new Sample("a.b", "a.b.png", "a.b.txt"));
    }
  }

  @Test
  void truncatedPicturesAndDamagedCaptionsAreNamedByEntry() throws Exception {
    Path tar =
        HandMade.tar(
            dir.resolve("s.tar"),
            List.of(
                new Entry("a.png", HandMade.truncated()),
                Entry.of("a.txt", "x"),
                new Entry("b.png", HandMade.png(2, 2)),
                Entry.of("b.txt", " \n"),
                new Entry("c.png", HandMade.png(2, 2)),
                Entry.of("c.json", "{'text':'x'}"),
                new Entry("d.png", HandMade.png(2, 2)),
                new Entry("d.txt", new byte[] {(byte) 0xff, (byte) 0xfe}),
                new Entry("e.png", HandMade.png(2, 2)),
                Entry.of("e.json", "{'caption'")));
    List<String> messages =
        List.of(
            "s.tar: a.png: its picture: the PNG is truncated",
            "s.tar: b.txt: the caption is empty",
            "s.tar: c.json: there is no caption",
            "s.tar: d.txt: not UTF-8 text",
            "s.tar: e.json: not valid JSON");
    try (PairDataset data = PairDataset.open(tar, Problems.refuse())) {
      for (int i = 0; i < messages.size(); i++) {
        Sample sample = data.samples().get(i);
        assertThatThrownBy(() -> data.read(sample))
            .isInstanceOf(BrokenSample.class)
            .hasMessageContaining(messages.get(i));
      }
    }
  }

  @Test
  void halvesAndRepeatedNamesAreNamed() throws Exception {
    Path tar =
        HandMade.tar(
            dir.resolve("s.tar"),
            List.of(
                new Entry("a.png", HandMade.png(2, 2)),
                Entry.of("b.txt", "x"),
                new Entry("c.png", HandMade.png(2, 2)),
                new Entry("c.png", HandMade.png(2, 2)),
                new Entry("c.jpg", HandMade.png(2, 2)),
                Entry.of("c.txt", "x")));
    Problems problems = Problems.skip();
    try (PairDataset data = PairDataset.open(tar, problems)) {
      assertThat(data.samples()).extracting(Sample::key).containsExactly("c");
    }
    assertThat(problems.first(9))
        .extracting(p -> p.at() + ": " + p.message())
        .containsExactly(
            "c.png: occurs twice: names must be unique",
            "c.jpg: is a second picture beside c.png",
            "a.png: has no caption: expected a.txt or .json",
            "b.txt: has no picture: expected b.png, .jpg or .webp");
  }

  @Test
  void damagedArchivesAreNamed() throws Exception {
    byte[] whole = Files.readAllBytes(HandMade.tar(dir.resolve("s.tar"), entries()));
    for (byte[] bytes :
        List.of(Arrays.copyOf(whole, 700), "no archive".repeat(100).getBytes("UTF-8"))) {
      Path damaged = HandMade.bytes(dir.resolve("damaged.tar"), bytes);
      assertThatThrownBy(() -> PairDataset.open(damaged, Problems.skip()))
          .isInstanceOf(BrokenSample.class)
          .hasMessageContaining("damaged.tar: not a complete, uncompressed tar archive");
    }
  }
}

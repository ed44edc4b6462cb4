package dev.visionllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.vlm.Chat;
import dev.visionllm.vlm.VisionLlm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Native memory after many calls in one process is what it was after the first ones. */
class LeakTest {
  private static final int CALLS = 12;

  @TempDir Path dir;

  @Test
  void askDetectAndChatKeepNothing() throws IOException {
    Raster picture = ImageFiles.read(TinyModel.NANO.resolve("demo").resolve("scene.png"));
    List<VisualPrompt> region = List.of(VisualPrompt.BoxPrompt.of(10, 20, 90, 120));
    try (VisionLlm model = VisionLlm.load(TinyModel.write(dir.resolve("tiny")))) {
      VisionLlm.Options own = model.options();
      VisionLlm.Options few = new VisionLlm.Options(4, 1, own.sampling(), 0);
      VisionLlm.Options beams = new VisionLlm.Options(3, 2, own.sampling(), 0);
      Runnable calls =
          () -> {
            model.ask(Prompt.of("What is this?", picture), few);
            model.ask(Prompt.of("What is this?", picture), beams);
            Chat chat = model.chat();
            chat.ask(new Prompt("What is <region>?", List.of(picture), region), few);
            chat.ask(new Prompt("And else?", List.of(), List.of()), few);
            model.detect(picture, List.of("dog", "cat", "bus", "car", "drum"), 0);
          };
      calls.run();
      calls.run();
      long before = settled();
      for (int i = 0; i < CALLS; i++) {
        calls.run();
      }
      // not above, and without the collector's help
      assertThat(Pointer.totalCount()).isEqualTo(before);
    }
  }

  /** As {@code bench --soak}, with all tools. The share of memory is looked at on its own. */
  @Test
  void aSoakOfAllToolsKeepsNothing() throws IOException {
    Raster picture = ImageFiles.read(TinyModel.NANO.resolve("demo").resolve("scene.png"));
    try (VisionLlm model = VisionLlm.load(TinyModel.assembly(dir.resolve("all")))) {
      Soak.Report r = Soak.run(model, picture, 34);
      assertThat(r.tools())
          .containsExactly("ask", "detect", "ground", "segment", "pose", "generate", "edit");
      assertThat(r.warmUp()).isEqualTo(20);
      assertThat(r.pointersAfter()).isEqualTo(r.pointersBefore());
      assertThat(r.residentAfter()).isPositive();
    }
  }

  /** The count once the collector has freed what was left to it. */
  private static long settled() {
    long last = -1;
    for (int i = 0; i < 20 && last != Pointer.totalCount(); i++) {
      last = Pointer.totalCount();
      System.gc();
      try {
        Thread.sleep(30);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    return last;
  }
}

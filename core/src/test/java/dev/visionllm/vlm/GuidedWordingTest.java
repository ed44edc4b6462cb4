package dev.visionllm.vlm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.data.ClassList;
import dev.visionllm.data.Dialogue;
import dev.visionllm.data.LlavaDataset;
import dev.visionllm.data.SceneWriter;
import dev.visionllm.data.Scenes;
import dev.visionllm.data.Shapes;
import dev.visionllm.data.Templates;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Generated conversations hold the very words of guided requests, so that models learn them. */
class GuidedWordingTest {
  @TempDir Path temp;

  @Test
  void everyGuidedFormIsAmongTheConversations() throws Exception {
    Path out = temp.resolve("out");
    Scenes scenes = Shapes.scenes(temp, Scenes.Settings.DEFAULT.sized(64, 64), 2);
    SceneWriter.Options options = new SceneWriter.Options(4, false, false);
    new SceneWriter(scenes, ClassList.nano(), Templates.builtIn(), options)
        .write(out, 150, 2, n -> {});
    Set<String> guided = new HashSet<>();
    for (Dialogue d : LlavaDataset.read(out.resolve("conversations.jsonl"))) {
      Guided same = guided(d);
      if (same == null || !d.turns().get(0).text().equals(same.question())) continue;
      assertThat(d.turns().get(1).text()).isEqualTo(same.answer());
      guided.add(d.task());
    }
    assertThat(guided)
        .containsExactlyInAnyOrder(
            "detection", "segmentation", "grounding", "interactive", "saliency");
  }

  private static Guided guided(Dialogue d) {
    List<String> labels =
        AnswerText.calls(d.turns().get(1).text()).stream().map(AnswerText.Call::label).toList();
    return switch (d.task()) {
      case "detection", "saliency" -> Guided.detect(labels);
      case "segmentation" -> Guided.segment(labels);
      case "interactive" -> Guided.segment(d.regions().size());
      case "grounding" -> Guided.ground("the " + labels.get(0)); // labels have no article
      default -> null;
    };
  }
}

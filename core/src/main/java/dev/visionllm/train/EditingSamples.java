package dev.visionllm.train;

import dev.visionllm.data.EditDataset;
import dev.visionllm.data.Problems;
import dev.visionllm.data.Task;
import dev.visionllm.data.Templates;
import dev.visionllm.image.Raster;
import dev.visionllm.image.Squares;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.text.RoutingToken;
import dev.visionllm.vlm.Guided;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Pictures to change, half of them asked for in the words of guided requests, half in others. The
 * language model sees the whole picture, the decoder its middle (reference datasets/ip2p.py).
 */
final class EditingSamples implements PaintingSource {
  private record Pair(Path folder, EditDataset data, EditDataset.Sample sample) {
    EditDataset.Edit read() {
      return data.read(sample);
    }
  }

  private final List<Pair> pairs = new ArrayList<>();
  private final Templates templates = Templates.builtIn();
  private final Source.Editing source;
  private final Packer packer;
  private final int side;

  /**
   * @param side of the pictures that the decoder sees
   * @param problems what becomes of broken entries
   */
  EditingSamples(Source.Editing source, Packer packer, int side, Problems problems)
      throws IOException {
    this.source = source;
    this.packer = packer;
    this.side = side;
    for (Path folder : source.folders()) {
      EditDataset data = EditDataset.open(folder, problems);
      data.samples().forEach(s -> pairs.add(new Pair(folder, data, s)));
    }
  }

  @Override
  public int size() {
    return pairs.size();
  }

  @Override
  public double ratio() {
    return source.ratio();
  }

  @Override
  public Path file(int index) {
    return pairs.get(index).folder();
  }

  @Override
  public Painting painting(int index) {
    EditDataset.Edit edit = pairs.get(index).read();
    return edited(edit, Pictures.read(edit.before()));
  }

  private Painting edited(EditDataset.Edit edit, Raster before) {
    return new Painting.Edited(
        edit.instruction(),
        Squares.diffusion(before, side),
        Squares.diffusion(Pictures.read(edit.after()), side));
  }

  @Override
  public Sample sample(int index, RandomGenerator random) {
    EditDataset.Edit edit = pairs.get(index).read();
    Raster before = Pictures.read(edit.before());
    Guided asked = asked(PaintingSource.plain(edit.instruction()), random);
    return new Sample(packer.pack(before, asked), edited(edit, before));
  }

  private Guided asked(String instruction, RandomGenerator random) {
    if (random.nextBoolean()) {
      return Guided.edit(instruction);
    }
    Map<String, String> values =
        Map.of("instruction", instruction, Task.TOOLS, RoutingToken.EDIT.text());
    Templates.Wording w = templates.pick(Task.EDITING, "", values, random);
    String question = Prompt.IMAGE + "\n" + w.question();
    return new Guided(question, w.answer(), List.of(instruction));
  }
}

package dev.visionllm.vlm;

import dev.visionllm.geometry.Mask;
import dev.visionllm.image.Normalize;
import dev.visionllm.image.Raster;
import dev.visionllm.image.Tiles;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.text.Conversation;
import dev.visionllm.text.SpecialTokens;
import dev.visionllm.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;

/**
 * From what the user gives to what the model reads: pictures become tiles, regions masks on the
 * global tile, text token ids with their placeholders.
 */
public final class Preprocess {
  private final Tokenizer tokenizer;
  private final SpecialTokens special;
  private final Conversation conversation;
  private final Tiles tiles;
  private final int tokensPerTile;

  /**
   * @param tokensPerTile language-model tokens of one tile
   */
  public Preprocess(
      Tokenizer tokenizer, Conversation conversation, Tiles tiles, int tokensPerTile) {
    this.tokenizer = tokenizer;
    this.special = SpecialTokens.of(tokenizer);
    this.conversation = conversation;
    this.tiles = tiles;
    this.tokensPerTile = tokensPerTile;
  }

  /** A visual prompt and the number of the picture that it marks, from 0. */
  public record Mark(int picture, VisualPrompt region) {
    /** Those of a prompt. @param before pictures that were shown before the prompt's */
    static List<Mark> of(int before, Prompt prompt) {
      List<Mark> marks = new ArrayList<>();
      List<Integer> marked = prompt.marked();
      for (int i = 0; i < prompt.regions().size(); i++) {
        marks.add(new Mark(before + marked.get(i), prompt.regions().get(i)));
      }
      return marks;
    }
  }

  /** The same with pictures cut otherwise. @param most tiles of one; 0 for no change */
  public Preprocess withMost(int most) {
    return new Preprocess(tokenizer, conversation, tiles.withMost(most), tokensPerTile);
  }

  /** The conversation template. */
  public Conversation conversation() {
    return conversation;
  }

  /** The tokenizer. */
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** The picture's tiles, normalised as CLIP wants them. */
  public Inputs.Picture picture(Raster raster) {
    List<Raster> cut = tiles.cut(raster);
    int plane = 3 * tiles.size() * tiles.size();
    float[] pixels = new float[cut.size() * plane];
    for (int i = 0; i < cut.size(); i++) {
      System.arraycopy(Normalize.CLIP.planes(cut.get(i)), 0, pixels, i * plane, plane);
    }
    return new Inputs.Picture(cut.size(), tiles.size(), pixels);
  }

  /** A region on the picture's global tile. @param mask at the picture's own size */
  public float[] region(Mask mask) {
    Mask onTile = tiles.region(mask);
    boolean[] bits = onTile.bits();
    float[] out = new float[bits.length];
    for (int i = 0; i < bits.length; i++) {
      out[i] = bits[i] ? 1 : 0;
    }
    return out;
  }

  /**
   * The model's input for a conversation.
   *
   * @param pictures pictures, in the order of their placeholders
   * @param marks visual prompts, in the order of their placeholders
   * @param text the laid out conversation
   */
  public Inputs inputs(List<Raster> pictures, List<Mark> marks, Conversation.Text text) {
    int[] ids = tokenizer.encode(text).ids();
    List<Inputs.Picture> cut = new ArrayList<>();
    pictures.forEach(p -> cut.add(picture(p)));
    int[] counts = cut.stream().mapToInt(p -> p.tiles() * tokensPerTile).toArray();
    List<Inputs.Region> marked = new ArrayList<>();
    for (Mark m : marks) {
      Raster on = pictures.get(m.picture());
      marked.add(new Inputs.Region(m.picture(), region(m.region().mask(on.width(), on.height()))));
    }
    return new Inputs(Tokenizer.expandImages(ids, special.imagePatch(), counts), cut, marked);
  }

  /**
   * The question as the model's prompt format has it: pictures first, and a region that the text
   * does not place is named at its end.
   */
  public static String question(Prompt prompt) {
    StringBuilder text = new StringBuilder();
    if (!prompt.text().contains(Prompt.IMAGE)) {
      text.append((Prompt.IMAGE + "\n").repeat(prompt.images().size()));
    }
    text.append(prompt.text());
    if (prompt.regionPlaceholders() == 0) {
      text.append((" " + Prompt.REGION).repeat(prompt.regions().size()));
    }
    return text.toString();
  }
}

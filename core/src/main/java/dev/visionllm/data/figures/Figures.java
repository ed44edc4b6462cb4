package dev.visionllm.data.figures;

import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.KeypointSets;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** Draws figures of every kind. */
public final class Figures {
  static final String PERSON = "person";
  static final String FACE = "face";

  /** What is drawn together. */
  public enum Kind {
    PERSON,
    ANIMAL,
    FACE
  }

  /** A class of figures and the keypoints that they have. */
  public record Category(Kind kind, String name, String above, KeypointSet set) {}

  private final People people;

  public Figures(Motion motion) {
    this.people = new People(motion);
  }

  /** All classes that figures may be of. */
  public static List<Category> categories() {
    List<Category> out = new ArrayList<>();
    out.add(new Category(Kind.PERSON, PERSON, PERSON, KeypointSets.COCO));
    for (Species s : Species.ALL) {
      out.add(new Category(Kind.ANIMAL, s.name(), "animal", KeypointSets.AP_10K));
    }
    out.add(new Category(Kind.FACE, FACE, PERSON, KeypointSets.FACE_300W));
    return out;
  }

  /** Draws one figure. */
  public Drawing draw(Kind kind, RandomGenerator random) {
    return switch (kind) {
      case PERSON -> people.draw(random);
      case ANIMAL -> Animals.draw(Wardrobe.any(Species.ALL, random), random);
      case FACE -> Faces.draw(random);
    };
  }
}

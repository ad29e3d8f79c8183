package io.akkord.actors.job;

import io.akkord.actors.CborMessage;
import java.util.List;

/**
 * What somebody submitted.
 *
 * @param source what messages call the recipe
 * @param recipe YAML as it was written
 * @param folder where its relative paths are looked for first
 * @param directory where the person stood
 * @param sets overrides, key=value
 * @param workers it begins as soon as so many are there
 * @param resume whether it goes on with the run in outputDir
 * @param resumeAnyway what may differ from that run all the same: keys of the recipe, data or model
 * @param outputDir where the recipe, read on the head, writes to
 */
public record Order(
    String source,
    String recipe,
    String folder,
    String directory,
    List<String> sets,
    int workers,
    boolean resume,
    List<String> resumeAnyway,
    String outputDir)
    implements CborMessage {}

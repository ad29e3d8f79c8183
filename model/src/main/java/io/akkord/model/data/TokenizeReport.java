package io.akkord.model.data;

/**
 * What tokenizing did to a data file.
 *
 * @param rows rows read
 * @param dropped samples left out as too long
 * @param truncated samples whose completion was cut
 * @param boundaryMerges rows whose prompt ids are no prefix of the joined text's, encoded apart
 *     instead
 * @param promptTokens tokens that are masked
 * @param targetTokens tokens that are trained on
 */
public record TokenizeReport(
    int rows,
    int dropped,
    int truncated,
    int boundaryMerges,
    long promptTokens,
    long targetTokens) {}

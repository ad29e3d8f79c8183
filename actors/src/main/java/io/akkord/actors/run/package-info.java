/** One run in one JVM: composition, output folder, metrics. */
package io.akkord.actors.run;

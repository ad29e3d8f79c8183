package io.akkord.deploy.browser;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
import java.util.List;

/** What can be seen of a page, however narrow it is. */
final class Layout {
  /** The table that scrolls sideways on a phone, as its columns are compared with each other. */
  private static final String SCROLLS_ON_A_PHONE = "steps";

  /** Texts of what sticks out, is cut without an ellipsis, or scrolls without need. */
  private static final String OFFENDERS =
      """
      scrolling => {
        const width = document.documentElement.clientWidth, found = [];
        const told = (e, why) => found.push(
          `${why}: <${e.tagName.toLowerCase()} class="${e.className}"> ${e.textContent.slice(0, 60)}`);
        if (document.documentElement.scrollWidth > width)
          found.push('the page is ' + document.documentElement.scrollWidth + ' px wide');
        for (const e of document.querySelectorAll('header *, main *')) {
          const style = getComputedStyle(e), box = e.getBoundingClientRect();
          if (!box.width || e.ownerSVGElement || style.clipPath !== 'none' || e.closest('thead')) continue;
          const region = e.closest('.scroll');
          const mayScroll = region && region.getAttribute('aria-label') === scrolling;
          if (box.right > width + 1 && !mayScroll) told(e, 'sticks out');
          if (e.clientWidth && e.scrollWidth > e.clientWidth + 1) {
            if (['auto', 'scroll'].includes(style.overflowX) && !mayScroll) told(e, 'scrolls');
            if (e.tagName === 'TD' && style.overflowX === 'visible') told(e, 'runs into the next cell');
            if (['hidden', 'clip'].includes(style.overflowX) && style.textOverflow !== 'ellipsis') told(e, 'is cut');
          }
        }
        return found;
      }
      """;

  private static final String PIXEL_OF_COLOUR =
      """
      ([title, name]) => {
        const box = [...document.querySelectorAll('.chart')].find(c => c.textContent.includes(title));
        const canvas = box && box.querySelector('canvas');
        if (!canvas) return false;
        const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
        const want = [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
        const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        for (let i = 0; i < data.length; i += 4)
          if (data[i + 3] > 200 && want.every((w, k) => Math.abs(data[i + k] - w) < 8)) return true;
        return false;
      }
      """;

  private Layout() {}

  /** All of the page is seen at its present width. */
  @SuppressWarnings("unchecked")
  static void fits(Page page, String what) {
    boolean phone = page.viewportSize().width < 600;
    List<String> found =
        (List<String>) page.evaluate(OFFENDERS, phone ? SCROLLS_ON_A_PHONE : "nothing");
    assertThat(found).as("%s at %d px", what, page.viewportSize().width).isEmpty();
  }

  /** Whether a chart has a line of a colour, which is the name of a CSS variable. */
  static boolean drawn(Page page, String chart, String colour) {
    return (Boolean) page.evaluate(PIXEL_OF_COLOUR, List.of(chart, colour));
  }
}

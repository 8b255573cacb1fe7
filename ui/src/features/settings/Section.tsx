/** One part of the settings, under its heading. */
import type { ReactNode } from 'react';

export const Section = ({ title, children }: { title: string; children: ReactNode }) => (
  <section aria-label={title}>
    <h2 className="mb-3 text-body font-semibold">{title}</h2>
    <div className="flex flex-col gap-5">{children}</div>
  </section>
);

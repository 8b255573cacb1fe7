/** Puts the page together. */
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { cache } from '~/api/cache';
import { TipProvider } from '~/kit/Tip';
import { Toasts } from '~/kit/toast';
import { Gate } from './Gate';
import { router } from './router';

export function App() {
  return (
    <QueryClientProvider client={cache}>
      <TipProvider>
        <Gate>
          <RouterProvider router={router} />
        </Gate>
        <Toasts />
      </TipProvider>
    </QueryClientProvider>
  );
}

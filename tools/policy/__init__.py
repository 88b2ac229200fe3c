"""A tenant's rules: one typed, versioned object and pure functions over it. No I/O.

The tools enforce it; the policy pages that customers and agents read are rendered from it. Figures are defaults that a merchant
may change, from the domain's rules.
"""

from pydantic import BaseModel, ConfigDict

from tools.policy.alerts import AlertPolicy
from tools.policy.approvals import ApprovalPolicy
from tools.policy.cancellation import CancellationPolicy
from tools.policy.carriers import CarrierPolicy
from tools.policy.customers import CustomerPolicy
from tools.policy.documents import DocumentPolicy
from tools.policy.fraud import FraudPolicy
from tools.policy.fulfilment import FulfilmentPolicy
from tools.policy.handling_returns import HandlingPolicy
from tools.policy.knowledge import KnowledgePolicy
from tools.policy.listings import ListingsPolicy
from tools.policy.loyalty import LoyaltyPolicy
from tools.policy.onboarding import OnboardingPolicy
from tools.policy.order_changes import OrderChangePolicy
from tools.policy.payments import PaymentPolicy
from tools.policy.placing import PlacingPolicy
from tools.policy.pricing import PricingPolicy
from tools.policy.quality import QualityPolicy
from tools.policy.refunds import RefundPolicy
from tools.policy.returns import ReturnPolicy
from tools.policy.service import ServicePolicy
from tools.policy.stock import StockPolicy
from tools.policy.warranty import WarrantyPolicy


class Policy(BaseModel):
    """All rules of a tenant at one version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    returns: ReturnPolicy = ReturnPolicy()
    cancellation: CancellationPolicy = CancellationPolicy()
    refunds: RefundPolicy = RefundPolicy()
    fraud: FraudPolicy = FraudPolicy()
    stock: StockPolicy = StockPolicy()
    pricing: PricingPolicy = PricingPolicy()
    listings: ListingsPolicy = ListingsPolicy()
    placing: PlacingPolicy = PlacingPolicy()
    service: ServicePolicy = ServicePolicy()
    approvals: ApprovalPolicy = ApprovalPolicy()
    alerts: AlertPolicy = AlertPolicy()
    fulfilment: FulfilmentPolicy = FulfilmentPolicy()
    carriers: CarrierPolicy = CarrierPolicy()
    order_changes: OrderChangePolicy = OrderChangePolicy()
    payments: PaymentPolicy = PaymentPolicy()
    loyalty: LoyaltyPolicy = LoyaltyPolicy()
    onboarding: OnboardingPolicy = OnboardingPolicy()
    customers: CustomerPolicy = CustomerPolicy()
    documents: DocumentPolicy = DocumentPolicy()
    handling: HandlingPolicy = HandlingPolicy()
    quality: QualityPolicy = QualityPolicy()
    warranty: WarrantyPolicy = WarrantyPolicy()
    knowledge: KnowledgePolicy = KnowledgePolicy()


__all__ = ["Policy"]
